from __future__ import annotations

import pytest

from hatch_os402.errors import OfferError
from hatch_os402.offer.networks import Asset, assets, find, registry


def networks_of(found):
    return [asset.network for asset in found]


class TestRegistry:
    def test_no_name_means_two_networks(self):
        names = [name for network in registry() for name in {network.name.lower(), *map(str.lower, network.aliases)}]
        assert len(names) == len(set(names))

    @pytest.mark.parametrize("name", ["op-mainnet", "OpMainnet", "OPTIMISM", "optimism"])
    def test_found_by_any_name_in_any_case(self, name):
        assert find(name).name == "op-mainnet"

    def test_unknown_name(self):
        with pytest.raises(OfferError, match="no network `bsae`; the nearest name is `base`"):
            find("bsae")


class TestAssets:
    @pytest.mark.parametrize(("testnet", "count"), [(False, 32), (True, 44)])
    def test_everything(self, testnet, count):
        found = assets("USDC", testnet=testnet)
        order = [network.name for network in registry() if network.usdc and network.testnet == testnet]
        assert len(found) == count
        assert networks_of(found) == order * 2
        assert found[: count // 2] != found[count // 2 :]
        assert [asset.address.lower() for asset in found[: count // 2]] == [
            asset.address for asset in found[count // 2 :]
        ]

    @pytest.mark.parametrize("pay", [{"USDC": "base"}, {"usdc": ["BASE"]}, '{"USDC": ["base"]}', ' {"usdc": "Base"}'])
    def test_one_network(self, pay):
        address = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
        assert assets(pay) == (Asset("USDC", address, "base"), Asset("USDC", address.lower(), "base"))

    def test_spelling_in_offers(self):
        spelled = assets({"USDC": "base-sepolia"}, testnet=True)[0].token_address
        assert spelled == "0x036CbD53842c5426634e7929541eC2318f3dCF7e@base-sepolia"

    def test_order_is_the_registrys(self):
        given = assets({"USDC": ["polygon", "base", "ethereum", "base"]})
        assert networks_of(given) == ["eth", "base", "polygon"] * 2

    def test_the_other_kind_of_network_is_filtered(self):
        assert networks_of(assets({"USDC": ["base", "base-sepolia"]})) == ["base", "base"]

    def test_an_empty_list_means_all(self):
        assert assets({"USDC": []}) == assets("usdc")

    @pytest.mark.parametrize(
        ("pay", "testnet", "match"),
        [
            ({"USDC": ["base-sepolia"]}, False, "no main network .* `testnet = true` would keep"),
            ({"USDC": ["base"]}, True, "no test network .* `testnet = false` would keep"),
            ({"USDC": ["os402", "unichain"]}, False, r"is left to be paid on$"),
            ({}, False, "no main network"),
            ("DOGE", False, "no token `DOGE`"),
            ({"USDC": ["bsae"]}, False, "nearest name is `base`"),
            ('{"USDC": ', False, "not valid JSON"),
        ],
    )
    def test_nothing_to_be_paid_with(self, pay, testnet, match):
        with pytest.raises(OfferError, match=match):
            assets(pay, testnet=testnet)

    @pytest.mark.parametrize("pay", [1, ["USDC"], {"USDC": 1}, {"USDC": [1]}, '{"USDC": null}'])
    def test_other_forms(self, pay):
        with pytest.raises(TypeError, match="must"):
            assets(pay)
