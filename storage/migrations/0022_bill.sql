-- Bills (电费账单): every version that was made; a version is never changed.

CREATE TABLE bill (
    service_point text NOT NULL REFERENCES service_point (id),
    month text NOT NULL CHECK (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    version integer NOT NULL CHECK (version >= 1),
    made_at timestamptz NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    is_final boolean NOT NULL,
    energy_kwh numeric NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    findings text[] NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (service_point, month, version)
);
CREATE INDEX bill_month ON bill (month, service_point, version DESC);
COMMENT ON COLUMN bill.is_final IS 'Whether nothing stands against giving it out';
COMMENT ON COLUMN bill.findings IS 'Codes of what was found while it was made, those that refuse it first';
COMMENT ON COLUMN bill.document IS 'All of it: lines, registers, findings, basis; numbers as text, so that no digit is lost';

CREATE VIEW bill_current AS
SELECT b.*, p.name, p.customer, p.area, a.zone,
    (SELECT old.amount FROM bill AS old WHERE old.service_point = b.service_point AND old.month = b.month
     AND old.version = b.version - 1) AS amount_before
FROM (SELECT DISTINCT ON (service_point, month) * FROM bill ORDER BY service_point, month, version DESC) AS b
JOIN service_point AS p ON p.id = b.service_point
LEFT JOIN area AS a ON a.id = p.area;
COMMENT ON VIEW bill_current IS 'The newest version of each bill';
