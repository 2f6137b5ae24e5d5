def test_inner_passes():
    pass


def test_inner_fails(pytestconfig):
    names = [name for name, plugin in pytestconfig.pluginmanager.list_name_plugin() if plugin]
    assert any("labeille" in name for name in names)
