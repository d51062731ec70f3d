from analysis.load.levels import load_levels


def test_levels_are_data_with_a_source_and_await_confirmation() -> None:
    levels = load_levels()
    assert levels.transformer.heavy_percent == 80.0
    assert levels.transformer.heavy_hours == 2.0
    assert levels.contract_demand.double_percent == 105.0
    for one in (levels.transformer, levels.contract_demand, levels.phase_unbalance):
        assert one.source
        assert one.confirmed is False
