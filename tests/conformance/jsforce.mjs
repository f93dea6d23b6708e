// jsforce works with an org and prints what it saw as one line of JSON:
//   talk.mjs LOGIN_ADDRESS CLIENT_ID CLIENT_SECRET REDIRECT_URI
// The person's consent is given here, too: the page is posted as a browser would.
import jsforce from "jsforce";

const [loginUrl, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const saw = {};
const oauth2 = new jsforce.OAuth2({ loginUrl, clientId, clientSecret, redirectUri, useVerifier: true });

const asked = new URL(oauth2.getAuthorizationUrl({ scope: "api refresh_token", state: "s1" }));
saw.method = asked.searchParams.get("code_challenge_method");
const form = new URLSearchParams([...asked.searchParams, ["decision", "allow"], ["organisation", "1"]]);
const decided = await fetch(`${asked.origin}${asked.pathname}`, { method: "POST", body: form, redirect: "manual" });
const back = new URL(decided.headers.get("location"));
saw.state = back.searchParams.get("state");

const first = new jsforce.Connection({ oauth2, version: "62.0" });
await first.authorize(back.searchParams.get("code"));
saw.user = first.userInfo;
saw.instanceUrl = first.instanceUrl;

// A session that is over: one refresh, then the call again.
const org = new jsforce.Connection({ oauth2, instanceUrl: first.instanceUrl, accessToken: "stale", refreshToken: first.refreshToken,
  version: "62.0" });
saw.refreshes = 0;
org.on("refresh", () => { saw.refreshes += 1; });
saw.identity = (await org.identity()).username;
saw.versions = (await org.request("/services/data")).length;

const contact = org.sobject("Contact");
saw.made = await contact.create({ LastName: "Lovelace", FirstName: "Ada", Email: "ada@js.example" });
saw.read = await contact.retrieve(saw.made.id);
saw.updated = await contact.update({ Id: saw.made.id, Title: "Countess" });
saw.several = await contact.create([{ LastName: "One" }, {}, { LastName: "Three" }]);
saw.many = (await contact.create(Array.from({ length: 450 }, (_, n) => ({ LastName: `Many ${n}` })), { allowRecursive: true })).length;
saw.both = await contact.retrieve([saw.made.id, saw.several[0].id]);
saw.upserts = [];
for (const name of ["A", "B"]) saw.upserts.push(await org.sobject("Account").upsert({ ERP_Number__c: "J1", Name: name }, "ERP_Number__c"));
saw.destroyed = await contact.destroy(saw.several[0].id);
try {
  await contact.retrieve(saw.several[0].id);
} catch (error) {
  saw.gone = error.errorCode ?? error.name;
}
try {
  await contact.create({ LastName: "L", Email: "nonsense" });
} catch (error) {
  saw.refused = { code: error.errorCode ?? error.name, message: error.message };
}

const pages = await org.query("SELECT Id, Account.Name FROM Contact WHERE LastName LIKE 'Many%' ORDER BY LastName",
  { autoFetch: true, maxFetch: 10000, headers: { "Sforce-Query-Options": "batchSize=200" } });
saw.found = { total: pages.totalSize, read: pages.records.length };
saw.one = await contact.findOne({ Email: "ada@js.example" }, ["Id", "Name", "Owner.Email"]);
saw.counted = await contact.count({ LastName: { $like: "Many%" } });
saw.describe = (await contact.describe()).fields.filter((field) => field.name === "LastName").map((field) => field.nillable)[0];
saw.objects = (await org.describeGlobal()).sobjects.length;
saw.usage = org.limitInfo.apiUsage;
saw.limits = (await org.limits()).DailyApiRequests;

const now = new Date();
saw.changed = (await contact.updated(new Date(now - 3600_000), new Date(+now + 120_000))).ids.length;
saw.deleted = (await contact.deleted(new Date(now - 3600_000), new Date(+now + 120_000))).deletedRecords.map((each) => each.id);

org.bulk2.pollTimeout = 30_000;
org.bulk2.pollInterval = 50;
const loaded = await org.bulk2.loadAndWaitForResults({ object: "Contact", operation: "insert",
  input: [{ FirstName: "B", LastName: "Bulk 1" }, { FirstName: "B", LastName: "" }], pollInterval: 50 });
saw.loaded = { good: loaded.successfulResults.length, bad: loaded.failedResults.map((each) => each.sf__Error) };
saw.bulk = [];
for await (const record of await org.bulk2.query("SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Many 1%'")) saw.bulk.push(record.LastName);

await oauth2.revokeToken(first.refreshToken);
try {
  await oauth2.refreshToken(first.refreshToken);
} catch (error) {
  saw.revoked = error.name;
}
console.log(JSON.stringify(saw));
