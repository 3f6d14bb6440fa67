// The sale as the server takes it (POST /api/till/sales).

import { grossOf, totalOf } from "./cart.mjs";
import { choiceForServer } from "./invoice.mjs";
import { quantityText } from "./money.mjs";
import { tendersForServer } from "./tender.mjs";

function lineForServer(line) {
  const sent = {
    id: line.id,
    product_id: line.productId,
    name: line.name,
    quantity: quantityText(line.quantity),
    unit_price: line.unitPrice,
    discount: Math.min(line.discount, grossOf(line)),
    tax_type: line.taxType,
  };
  if (line.priceOverride) sent.price_override = true;
  return sent;
}

/** The JSON object of one sale. `total` is what the clerk saw. */
export function buildSale(cart, { tenders, choice, note = "", recognisedOn = "" }) {
  const total = totalOf(cart);
  const sale = {
    id: cart.id,
    started_at: cart.startedAt,
    lines: cart.lines.map(lineForServer),
    order_discount: cart.orderDiscount,
    tenders: tendersForServer(tenders, total),
    invoice: choiceForServer(choice),
    total,
  };
  if (note.trim()) sale.note = note.trim();
  if (recognisedOn) sale.recognised_on = recognisedOn;
  return sale;
}
