"""The sections of the sheet, each a pure function of what is known of the customer."""
