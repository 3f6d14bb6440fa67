// A very small keyed view: describe the screen with h(), patch() changes only what differs.
// Text always becomes a text node, so a hostile product name can never become markup.

const SVG = "http://www.w3.org/2000/svg";

/** One element: h("button.primary", {onclick, "aria-label": …}, children…). Null children vanish. */
export function h(selector, props, ...children) {
  const [tag, ...classes] = selector.split(".");
  const all = { ...(props ?? {}) };
  const own = [classes.join(" "), all.class].filter(Boolean).join(" ");
  delete all.class;
  if (own) all.class = own;
  const { key } = all;
  delete all.key;
  return { tag, key, props: all, children: flat(children) };
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== "")
    .map((child) => (typeof child === "object" ? child : { text: String(child) }));
}

/** Make the children of `parent` (a DOM element) look like `children`. */
export function patch(parent, children) {
  reconcile(parent, flat([children]), parent.namespaceURI === SVG);
}

function sameKind(node, wanted) {
  if (wanted.text !== undefined) return node.nodeType === 3;
  return (
    node.nodeType === 1 && node.localName === wanted.tag && node.guitaiKey === wanted.key
  );
}

function keyed(parent) {
  const found = new Map();
  for (const node of parent.childNodes) {
    if (node.guitaiKey !== undefined) found.set(node.guitaiKey, node);
  }
  return found;
}

function reconcile(parent, wanted, svg) {
  const byKey = keyed(parent);
  let cursor = parent.firstChild;
  for (const item of wanted) {
    const node = pick(item, cursor, byKey) ?? create(item, svg);
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
    update(node, item, svg);
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

function pick(item, cursor, byKey) {
  if (item.key !== undefined) {
    const node = byKey.get(item.key);
    return node && sameKind(node, item) ? node : undefined;
  }
  return cursor && cursor.guitaiKey === undefined && sameKind(cursor, item) ? cursor : undefined;
}

function create(item, svg) {
  if (item.text !== undefined) return document.createTextNode(item.text);
  const node =
    svg || item.tag === "svg"
      ? document.createElementNS(SVG, item.tag)
      : document.createElement(item.tag);
  node.guitaiKey = item.key;
  node.guitaiProps = {};
  return node;
}

function update(node, item, svg) {
  if (item.text !== undefined) {
    if (node.data !== item.text) node.data = item.text;
    return;
  }
  const before = node.guitaiProps;
  for (const name of Object.keys(before)) {
    if (!(name in item.props)) setProp(node, name, undefined);
  }
  // The value comes last: a select needs its options, a range its limits first.
  const inSvg = svg || item.tag === "svg";
  for (const [name, value] of Object.entries(item.props)) {
    if (name !== "value" && before[name] !== value) setProp(node, name, value);
  }
  reconcile(node, item.children, inSvg);
  if ("value" in item.props) setValue(node, item.props.value);
  const born = Object.keys(before).length === 0 && !node.guitaiBorn;
  node.guitaiProps = item.props;
  node.guitaiBorn = true;
  if (born && item.props.autofocus) queueMicrotask(() => focusNow(node));
}

function focusNow(node) {
  if (!node.isConnected) return;
  node.focus({ preventScroll: true });
  node.select?.();
}

function setValue(node, value) {
  const text = value ?? "";
  // While an input method composes, its text must not be taken out of its hands.
  if (node.value !== text && !node.guitaiComposing) node.value = text;
}

function setProp(node, name, value) {
  if (name.startsWith("on")) listen(node, name.slice(2), value);
  else if (name === "checked" || name === "disabled" || name === "hidden" || name === "readOnly") {
    node[name] = Boolean(value);
  } else if (name === "autofocus") return;
  else if (value === undefined || value === null || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : String(value));
}

function listen(node, type, handler) {
  node.guitaiOn ??= {};
  if (!(type in node.guitaiOn)) {
    node.addEventListener(type, (event) => node.guitaiOn[type]?.(event));
  }
  node.guitaiOn[type] = handler;
}
