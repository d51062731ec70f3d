"""Load (负荷) of meters, customers, areas, groups: daily figures, statistics, shapes, advice."""
