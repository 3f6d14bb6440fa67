// Vectors: mof-vectors.md §2, §5, §6.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  choiceFault, choiceForServer, isBan, isCitizenCertificate, isDonationCode, isMobileBarcode, isUnfinished, kindsOf, maskedCarrier, newChoice, withKind, withScanned,
} from "../../static/pos/logic/invoice.mjs";

test("統一編號", () => {
  const valid = "04595257 10458575 10458574 22099131 30000007 30000013 30000029 12345675 12345676 20000077 24634102 97162640 27934855 04622803 53212539 54834795 83196607 04595252 10458570 10000004 10000010 10000026 12345670 12345671 12458576 20000072 20000170";
  for (const ban of valid.split(" ")) assert.ok(isBan(ban), ban);
  const invalid = "12345678 12345672 04595253 28080624 40000000 40000002 40000003 90002300 1234567 123456769 1234567x 0000000000 00000000";
  for (const ban of [...invalid.split(" "), " 04595257 ", "０４５９５２５７", ""]) assert.ok(!isBan(ban), ban);
});

test("carriers and donation codes", () => {
  for (const code of ["/TRM+O+P", "/ABC1234", "/AB.-+99", "/4WDMPUZ", "/ABC+123", "/DEF1234"]) assert.ok(isMobileBarcode(code), code);
  for (const code of ["ABC", "TRM+O+P", "/ABC123", "/ABC12345", "/abcdefg", "", "/ABC 123", "／ABC1234", "/ABC_123"]) assert.ok(!isMobileBarcode(code), code);
  for (const code of ["AB12345678901234", "TP03000001234567"]) assert.ok(isCitizenCertificate(code), code);
  for (const code of ["ab12345678901234", "A112345678901234", "AB1234567890123"]) assert.ok(!isCitizenCertificate(code), code);
  for (const code of ["919", "168001", "25885", "1234567"]) assert.ok(isDonationCode(code), code);
  for (const code of ["12", "12345678", "91A"]) assert.ok(!isDonationCode(code), code);
});

test("a wrong code is complained of at its field, a half-typed one not yet", () => {
  const company = { ...newChoice("company"), ban: "1234" };
  assert.deepEqual(choiceFault(company), { code: "invoice.ban_shape", field: "ban" });
  assert.ok(isUnfinished(company));
  assert.ok(!isUnfinished({ ...company, ban: "12345678" }));
  assert.equal(choiceFault({ ...company, ban: "12345678" }).code, "invoice.ban_sum");
  assert.equal(choiceFault({ ...company, ban: "12345675" }), null);
  assert.equal(choiceFault({ ...newChoice("mobile_barcode"), carrier: "ABC+123" }).code, "invoice.mobile_slash");
  assert.equal(choiceFault({ ...newChoice("mobile_barcode"), carrier: "/abc+123" }), null);
  assert.equal(choiceFault({ ...newChoice("donation"), npoban: "12345678" }).code, "invoice.donation_shape");
  assert.equal(choiceFault(newChoice("paper")), null);
  assert.equal(choiceFault(newChoice("self")), null, "a hand-written number may come later");
  assert.equal(choiceFault({ ...newChoice("self"), number: "AB1234567" }).code, "invoice.number_shape");
  assert.ok(isUnfinished({ ...newChoice("self"), number: "AB12" }));
});

test("the choice as the server takes it", () => {
  assert.deepEqual(choiceForServer(newChoice()), { kind: "paper" });
  assert.deepEqual(choiceForServer({ ...withKind(newChoice(), "mobile_barcode"), carrier: "/abc+123" }), { kind: "mobile_barcode", carrier: "/ABC+123" });
  assert.deepEqual(choiceForServer({ ...newChoice("self"), number: "AB12345678" }), { kind: "self", number: "AB12345678" });
  assert.deepEqual(choiceForServer({ ...newChoice("donation"), npoban: "919" }), { kind: "donation", npoban: "919" });
});

test("a company's number and a phone's barcode are one customer's, in either order", () => {
  const company = withScanned(newChoice(), "company", "ban", "04595257");
  const phone = withScanned(newChoice(), "mobile_barcode", "carrier", "/ABC+123");
  const both = { kind: "company", ban: "04595257", carrier: "/ABC+123", print: true };
  assert.deepEqual(choiceForServer(withScanned(company, "mobile_barcode", "carrier", "/ABC+123")), both);
  assert.deepEqual(choiceForServer(withScanned(phone, "company", "ban", "04595257")), both);
  assert.deepEqual(choiceForServer({ ...withScanned(phone, "company", "ban", "04595257"), proof: false }), { ...both, print: false });
  // What was only typed for a phone, and left again by hand, is not stored anywhere in silence.
  assert.deepEqual(choiceForServer({ ...withKind(phone, "company"), ban: "04595257" }), { kind: "company", ban: "04595257" });
  const unfinished = { ...newChoice("company"), ban: "0459" };
  assert.equal(withScanned(unfinished, "mobile_barcode", "carrier", "/ABC+123").kind, "mobile_barcode");
});

test("a company's carrier may be left out, but not be wrong", () => {
  const company = { ...newChoice("company"), ban: "04595257" };
  assert.equal(choiceFault(company), null);
  assert.equal(choiceFault({ ...company, companyCarrier: "/abc+123" }), null);
  assert.deepEqual(choiceFault({ ...company, companyCarrier: "/ABC" }), { code: "invoice.mobile_shape", field: "companyCarrier" });
  assert.equal(choiceFault({ ...company, ban: "", companyCarrier: "/ABC" }).field, "ban");
});

test("a member's carrier is its id alone; the class is the seller's", () => {
  const member = { ...newChoice("member"), carrier: "M-0001 a" };
  assert.equal(choiceFault(member), null);
  assert.deepEqual(choiceForServer(member), { kind: "member", carrier: "M-0001 a" });
  assert.equal(choiceFault({ ...member, carrier: "" }).code, "invoice.member_missing");
  assert.equal(choiceFault({ ...member, carrier: "會員1" }).code, "invoice.member_shape");
  assert.equal(choiceFault({ ...member, carrier: "9".repeat(400) }), null);
  assert.equal(choiceFault({ ...member, carrier: "9".repeat(401) }).code, "invoice.member_long");
});

test("a register offers what its seller and its centre allow", () => {
  const kinds = (till, connected) => kindsOf(till, connected).map(({ kind, key }) => `${kind} ${key}`);
  const seller = (member_carrier) => ({ entity: { member_carrier } });
  assert.ok(!kinds(seller(false), true).includes("member F6"));
  assert.ok(kinds(seller(true), true).includes("member F6"));
  assert.ok(kinds(seller(false), true).includes("donation F7"));
  assert.deepEqual(kinds(seller(true), false), ["self F8", "none_yet F1"]);
});

test("changing between carriers forgets the other carrier's code, never the BAN", () => {
  let choice = { ...withKind(newChoice(), "mobile_barcode"), carrier: "/ABC+123", ban: "12345675" };
  choice = withKind(choice, "citizen_certificate");
  assert.equal(choice.carrier, "");
  assert.equal(choice.ban, "12345675");
});

test("carriers on screens are masked", () => {
  assert.equal(maskedCarrier("/ABC+123"), "/AB****3");
  assert.equal(maskedCarrier("AB12345678901234"), "AB************34");
});
