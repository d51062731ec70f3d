-- A version that is refused was never given out: what is owed is told against the newest one that was.

CREATE VIEW bill_given_out AS
SELECT DISTINCT ON (service_point, month) * FROM bill WHERE is_final
ORDER BY service_point, month, version DESC;
COMMENT ON VIEW bill_given_out IS 'The newest version of each bill that nothing stands against';

CREATE OR REPLACE VIEW bill_current AS
SELECT b.*, p.name, p.customer, p.area, a.zone,
    (SELECT old.amount FROM bill AS old WHERE old.service_point = b.service_point AND old.month = b.month
     AND old.version < b.version AND old.is_final AND b.is_final AND old.currency = b.currency
     ORDER BY old.version DESC LIMIT 1) AS amount_before
FROM (SELECT DISTINCT ON (service_point, month) * FROM bill ORDER BY service_point, month, version DESC) AS b
JOIN service_point AS p ON p.id = b.service_point
LEFT JOIN area AS a ON a.id = p.area;
