"""The large-customer sheet (大客户档案页): one customer's month on one page, as table, workbook and paper."""
