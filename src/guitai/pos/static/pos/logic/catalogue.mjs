// The goods, kept in the page: found by barcode at once, searched as one types.

const fold = (text) => String(text ?? "").normalize("NFKC").toLowerCase();

/** Index of products [{id, sku, barcode, name, price, tax_type}]. */
export function buildCatalogue(products, version = "") {
  const byId = new Map();
  const byCode = new Map();
  const rows = [];
  for (const product of products) {
    byId.set(product.id, product);
    if (product.barcode) byCode.set(fold(product.barcode), product);
    rows.push({ product, name: fold(product.name), sku: fold(product.sku), barcode: fold(product.barcode) });
  }
  for (const product of products) {
    // A barcode wins over another product's sku of the same spelling.
    if (product.sku && !byCode.has(fold(product.sku))) byCode.set(fold(product.sku), product);
  }
  return { version, products, byId, byCode, rows };
}

/** The product with exactly this barcode or sku. UPC-A and EAN-13 with a leading 0 are the same. */
export function findByCode(catalogue, code) {
  const text = fold(code).trim();
  const exact = catalogue.byCode.get(text);
  if (exact) return exact;
  if (/^\d{12}$/.test(text)) return catalogue.byCode.get(`0${text}`);
  if (/^0\d{12}$/.test(text)) return catalogue.byCode.get(text.slice(1));
  return undefined;
}

function rank(row, words) {
  let best = 0;
  for (const word of words) {
    const at = row.name.indexOf(word);
    if (row.sku === word || row.barcode === word) continue;
    if (row.sku.startsWith(word) || row.barcode.startsWith(word)) best += 1;
    else if (at === 0) best += 2;
    else if (at > 0) best += 3;
    else if (row.sku.includes(word) || row.barcode.includes(word)) best += 4;
    else return -1;
  }
  return best;
}

/** Up to `limit` products that hold every word of `text`, best first; all when text is empty. */
export function search(catalogue, text, limit = 60) {
  const words = fold(text).split(/\s+/).filter(Boolean);
  if (!words.length) return catalogue.products.slice(0, limit);
  const buckets = [];
  for (const row of catalogue.rows) {
    const score = rank(row, words);
    if (score >= 0) (buckets[score] ??= []).push(row.product);
  }
  return buckets.flat().filter(Boolean).slice(0, limit);
}

/** "3*", "3x可樂", "1.5*4710088" → {times: "3", rest}; no multiplier → {times: null, rest}. */
export function splitTimes(text) {
  const match = /^\s*(\d{1,6}(?:\.\d{1,3})?)\s*[*xX×＊]\s*(.*)$/s.exec(text);
  return match ? { times: match[1], rest: match[2] } : { times: null, rest: text };
}
