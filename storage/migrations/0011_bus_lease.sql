-- Who owns a bus across hosts, and until when; the database's clock alone decides. Kept by storage/leases.py.
CREATE TABLE bus_lease (
    bus text PRIMARY KEY,
    owner text NOT NULL,
    taken_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
