// dynamics-web-api works with a Dataverse at an address and prints what it saw as one line of JSON: talk.mjs ADDRESS TOKEN
import { DynamicsWebApi } from "dynamics-web-api";

const [address, token] = process.argv.slice(2);
const api = new DynamicsWebApi({
  serverUrl: address,
  dataApi: { version: "9.2" },
  onTokenRefresh: async () => token,
});
const saw = {};

const made = await api.create({ collection: "contacts", data: { firstname: "Ada", lastname: "L" }, returnRepresentation: true });
const before = made["@odata.etag"];
await api.update({ collection: "contacts", key: made.contactid, data: { lastname: "Lovelace" } });
saw.read = await api.retrieve({ collection: "contacts", key: made.contactid, select: ["lastname"] });
saw.stale = await api.update({ collection: "contacts", key: made.contactid, data: { lastname: "Old" }, ifmatch: before });
saw.pages = (await api.retrieveAll({ collection: "contacts", select: ["lastname"], maxPageSize: 7 })).value.length;

let link = (await api.retrieveMultiple({ collection: "contacts", select: ["lastname"], trackChanges: true, maxPageSize: 5000 })).oDataDeltaLink
  ?? (await api.retrieveMultiple({ collection: "contacts", select: ["lastname"], trackChanges: true }))["@odata.deltaLink"];
await api.create({ collection: "contacts", data: { lastname: "Tracked" } });
await api.deleteRecord({ collection: "contacts", key: made.contactid });
const answer = await fetch(link, { headers: { Authorization: `Bearer ${token}` } });
const changes = (await answer.json()).value;
saw.changed = changes.filter((row) => row.lastname).map((row) => row.lastname);
saw.deleted = changes.filter((row) => row.reason === "deleted").length;
try {
  await api.retrieve({ collection: "contacts", key: made.contactid });
} catch (error) {
  saw.gone = error.status;
}

api.startBatch();
api.create({ collection: "accounts", data: { name: "Acme" }, contentId: "1" });
api.create({ collection: "contacts", data: { lastname: "Bound", "parentcustomerid_account@odata.bind": "$1" }, contentId: "2" });
const [account, contact] = await api.executeBatch();
const row = await api.retrieve({ collection: "contacts", key: contact, select: ["_parentcustomerid_value"] });
saw.account = account;
saw.bound = row._parentcustomerid_value;

saw.entity = (await api.retrieveEntities({ select: ["EntitySetName"], filter: "LogicalName eq 'contact'" })).value[0].EntitySetName;
const entity = (await api.retrieveEntities({ select: ["MetadataId"], filter: "LogicalName eq 'contact'" })).value[0];
saw.columns = (await api.retrieveAttributes({ entityKey: entity.MetadataId, select: ["LogicalName"] })).value.map((each) => each.LogicalName);

console.log(JSON.stringify(saw));
