// Elements from data. Text is always text: nothing here reads markup.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  set(made, attributes);
  made.append(...children);
  return made;
}

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function set(target, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) target[key] = value;
    else if (target.getAttribute(key) !== String(value)) target.setAttribute(key, value);
  }
}

export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

// Make the children of `parent` follow `items`: made once, updated in place, gone when left out.
// Focus, animations and scrolling survive, and an update costs what has changed.
export function follow(parent, items, key, make, update) {
  const known = (parent.known ??= new Map());
  const wanted = new Set(items.map(key));
  for (const [name, child] of known) {
    if (!wanted.has(name)) {
      child.remove();
      known.delete(name);
    }
  }
  let before = null;
  for (const item of items) {
    const name = key(item);
    let child = known.get(name);
    if (!child) {
      child = make(item);
      known.set(name, child);
    }
    const place = before ? before.nextElementSibling : parent.firstElementChild;
    if (place !== child) parent.insertBefore(child, place);
    update(child, item);
    before = child;
  }
}
