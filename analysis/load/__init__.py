"""Load (负荷) of meters, customers, areas and groups: daily figures, statistics of any span, shapes, advice."""
