"""The checks, one file each, found by folder scan (:data:`analysis.power_quality.catalogue.checks`)."""
