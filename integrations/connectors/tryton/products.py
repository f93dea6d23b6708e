"""Products: templates, with what Tryton keeps at their first variant (description, cost price, identifiers).

A product with several variants shows the first one's; prices are those of the key's company."""

from django.utils.translation import gettext as _

from integrations.connectors.tryton.slots import Below, Draft, Lookup, Slot
from integrations.connectors.tryton.tables import Table
from integrations.records import Field, FieldType, Option

T = FieldType


class Products(Table):
    model = "product.template"
    deactivates = True
    linked = ("products",)
    key_path = "products.identifiers.code"
    hidden = frozenset({"consumable", "cost_price_method"})

    def own_slots(self) -> list[Slot]:
        return [
            Slot(Field("name", _("Name"), T.TEXT, required=True, clearable=False)),
            Slot(Field("code", _("Code"), T.TEXT)),
            Slot(Field("list_price", _("List price"), T.NUMBER)),
            Below(Field("cost_price", _("Cost price"), T.NUMBER, clearable=False), "products", "cost_price"),
            Below(Field("description", _("Description"), T.LONG_TEXT), "products", "description"),
            Lookup(Field("default_uom", _("Unit"), T.OPTION, clearable=False), "name", lambda d: d.unit_id),
        ]

    def options(self, field: Field) -> tuple[Option, ...]:
        return self.directory.options("product.uom", "name") if field.name == "default_uom" else super().options(field)

    def furnish(self, draft: Draft, key: str) -> None:
        """Tryton wants a type, a unit, and at least one variant."""
        draft.wire.setdefault("type", "goods")
        draft.wire.setdefault("default_uom", self.directory.usual_unit())
        variants = draft.wire.setdefault("products", [["create", [{}]]])
        variants[0][1][0]["identifiers"] = [["create", [{"code": key}]]]
