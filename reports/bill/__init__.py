"""Bills (电费账单) as pages in Chinese and English, as PDF, CSV and JSON."""
