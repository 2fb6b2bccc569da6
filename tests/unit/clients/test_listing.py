"""Lists, page by page: to their end, never in a circle, and only in the form that their reader counts on."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.clients.stub import FakeTime, Reply, Seen, Service, reply

from fs_integration.clients.dataverse_metadata import read_table
from fs_integration.clients.finance_operations_metadata import read_entity
from fs_integration.clients.listing import entries
from fs_integration.clients.transport import Transport
from fs_integration.errors import ForeignLinkRefused, ServiceUnavailable

NEXT = "@odata.nextLink"


class Named(msgspec.Struct, rename="pascal"):
    name: str


def test_a_list_is_read_to_its_end_an_empty_page_is_not_the_end(service: Service, transport: Transport) -> None:
    service.script = [
        reply({"value": [{"Name": "a", "Other": 1}], NEXT: f"{service.url}/data/Tables?page=2"}),
        reply({"value": [], NEXT: f"{service.url}/data/Tables?page=3"}), reply({"value": [{"Name": "b"}]}),
    ]  # fmt: skip
    assert [one.name for one in entries(transport, "Tables", Named)] == ["a", "b"]


@pytest.mark.parametrize(
    "links", [["Tables"], ["Tables?page=2", "Tables?page=3", "Tables?page=2"]], ids=["at once", "later"]
)
def test_links_that_lead_in_a_circle_are_followed_once(
    links: list[str], service: Service, transport: Transport
) -> None:
    service.script = [reply({"value": [{"Name": link}], NEXT: f"{service.url}/data/{link}"}) for link in links]
    with pytest.raises(ServiceUnavailable, match=f"pages of Tables lead in a circle after {len(links)} pages"):
        list(entries(transport, "Tables", Named))
    assert len(service.seen) == len(links)


def test_a_link_to_another_host_is_not_followed(service: Service, transport: Transport) -> None:
    service.script = [reply({"value": [], NEXT: "https://elsewhere.example/data/Tables"})]
    with pytest.raises(ForeignLinkRefused):
        list(entries(transport, "Tables", Named))


BROKEN = {
    "no list": {}, "null for a list": {"value": None}, "null for an entry": {"value": [None]},
    "a text": {"value": ["a"]}, "no name": {"value": [{"Other": 1}]}, "a number for a name": {"value": [{"Name": 1}]},
    "a number for a link": {"value": [], NEXT: 1},
}  # fmt: skip


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_an_answer_of_another_form_is_asked_for_again(
    answer: object, service: Service, transport: Transport, fake_time: FakeTime
) -> None:
    service.script = [reply(answer), reply({"value": [{"Name": "a"}]})]
    assert [one.name for one in entries(transport, "Tables", Named)] == ["a"]
    assert len(fake_time.slept) == 1
    service.script = [reply(answer)] * 4
    with pytest.raises(ServiceUnavailable, match=r"GET .*/data/Tables was answered with something unreadable"):
        list(entries(transport, "Tables", Named))


PARTS = {"Keys": [], "ManyToOneRelationships": []}
CHOICE = {"LogicalName": "statecode", "AttributeType": "State"}
TABLE = {"LogicalName": "account", "PrimaryIdAttribute": "accountid", "Attributes": [CHOICE], **PARTS}


def read_table_(transport: Transport, name: str) -> None:
    read_table(transport, name, dict)


ENTITY = {"Name": "CustCustomer", "PublicEntityName": "Customer", "PublicCollectionName": "Customers"}
ENUM = {"Properties": [{"Name": "Blocked", "DataType": "Enum", "TypeName": "Any.No"}]}
METADATA = {
    "accounts": (read_table_, {"EntityDefinitions": {"value": [TABLE]}}),
    "Customers": (read_entity, {"DataEntities": {"value": [ENTITY]}, "PublicEntities": ENUM}),
}


@pytest.mark.parametrize(
    ("name", "place", "lacks"),
    [
        ("accounts", "EntityDefinitions", {"value": [{**TABLE, "Attributes": [{"AttributeType": "String"}]}]}),
        ("accounts", "AttributeMetadata", {"value": [{"LogicalName": "a", "OptionSet": {}}]}),
        ("accounts", "EntityDefinitions", {"value": [{**TABLE, "Keys": [{"LogicalName": "a"}]}]}),
        (
            "accounts",
            "EntityDefinitions",
            {"value": [{**TABLE, "ManyToOneRelationships": [{"ReferencedEntity": "a"}]}]},
        ),
        ("accounts", "EntityDefinitions", {"value": [{"LogicalName": "account"}]}),
        ("Customers", "DataEntities", {"value": [{"PublicCollectionName": "Customers"}]}),
        ("Customers", "PublicEntities", {"Name": "Customer"}),
        ("Customers", "PublicEnumerations", {"Name": "No"}),
    ],
)
def test_metadata_that_lacks_what_is_needed_is_a_failure_of_the_service(
    name: str, place: str, lacks: object, service: Service, transport: Transport
) -> None:
    """Random faults met these as a bare KeyError."""
    read, good = METADATA[name]

    def answer(request: Seen) -> Reply:
        asked = request.path.partition("?")[0].rpartition("/")[2].partition("(")[0]
        return reply(lacks if asked.endswith(place) else good.get(asked, {"value": []}))

    service.answer = answer
    with pytest.raises(ServiceUnavailable, match=f"{place}.* was answered with something unreadable"):
        read(transport, name)
