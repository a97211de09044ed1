/** Building the page without innerHTML: whatever people and bots write stays text. */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element. `attributes`: `on` maps events to listeners, `dataset` and `style` are merged, `class` may hold empty
 * parts, true and false set and leave out an attribute, everything else is an attribute. Children that are null or
 * false are skipped, strings become text.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name === 'style') for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === '') continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Replaces all children. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

const ICONS = {
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  more: 'M12 5.500v.01M12 12v.01M12 18.500v.01',
  send: 'M4 12l16-8-6 16-2.5-6.500z',
  attach:
    'M19.5 11.500l-7.5 7.500a4.7 4.7 0 0 1-6.7-6.700l8-8a3.2 3.2 0 0 1 4.5 4.500l-7.9 7.900a1.6 1.6 0 0 1-2.3-2.300l7-7',
  mic: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.500V21',
  smile: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.500a4.2 4.2 0 0 0 7 0M9 9.500v.01M15 9.500v.01',
  check: 'M5 12.500l4.5 4.500L19 7.5',
  reply: 'M10 6L4 12l6 6M4 12h10a6 6 0 0 1 6 6',
  edit: 'M5 19l1-4L16 5l3 3L9 18z',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  pin: 'M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v5',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  plus: 'M12 5v14M5 12h14',
  menu: 'M4 7h16M4 12h16M4 17h16',
  keyboard: 'M3 7h18v10H3zM7 10.500v.01M10.5 10.500v.01M14 10.500v.01M17.5 10.500v.01M8 14h8',
  photo: 'M4 6h16v12H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.500v.01',
  file: 'M7 3h7l4 4v14H7zM14 3v4h4',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0',
  people:
    'M9 11.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.500a6.5 6.5 0 0 1 13 0M16 4.800a3.5 3.5 0 0 1 0 6.400M18 14a6.5 6.5 0 0 1 3.5 5.5',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  place: 'M12 21s7-6.5 7-11.500a7 7 0 0 0-14 0C5 14.5 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  down: 'M6 9l6 6 6-6',
  reload: 'M19 12a7 7 0 1 1-2-5M19 4v4h-4',
  block: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM6 6l12 12',
  window: 'M4 5h16v14H4zM4 9h16',
  link: 'M7 17L17 7M9 7h8v8',
  stop: 'M7 7h10v10H7z',
};

/** A line icon by name; decoration only, so it is hidden from assistive technology. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon', `icon-${name}`);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows only an icon. */
export function iconButton(name, label, listener, extra = {}) {
  const { class: more = '', ...rest } = extra;
  return h(
    'button',
    {
      type: 'button',
      class: `icon-button ${more}`,
      'aria-label': label,
      title: label,
      on: { click: listener },
      ...rest,
    },
    icon(name),
  );
}

const prints = new WeakMap();

/**
 * Makes the children of `container` show `items`, touching only what changed. `key` names an item for good, `print`
 * is a string that changes with what is drawn. The focus stays on the control with the same `data-control`.
 */
export function reconcile(container, items, { key, print, render }) {
  const known = new Map();
  for (const child of container.children) known.set(child.dataset.key, child);
  let place = container.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const wanted = print(item);
    let element = known.get(name);
    known.delete(name);
    if (element && prints.get(element) !== wanted) {
      const next = render(item, element);
      next.dataset.key = name;
      prints.set(next, wanted);
      if (next !== element) {
        const focused = element.contains(document.activeElement) ? document.activeElement.dataset.control : null;
        if (element === place) place = next;
        element.replaceWith(next);
        if (focused) next.querySelector(`[data-control="${CSS.escape(focused)}"]`)?.focus();
        element = next;
      }
    } else if (!element) {
      element = render(item, null);
      element.dataset.key = name;
      prints.set(element, wanted);
    }
    if (element === place) place = place.nextElementSibling;
    else container.insertBefore(element, place);
  }
  for (const gone of known.values()) gone.remove();
}

/** Calls `work` soon, however often it is asked; while it runs, one more call is kept for afterwards. */
export function coalesce(work, milliseconds = 30) {
  let timer = null;
  let running = null;
  let again = false;
  const start = async () => {
    timer = null;
    if (running) {
      again = true;
      return;
    }
    running = work();
    try {
      await running;
    } finally {
      running = null;
      if (again) {
        again = false;
        ask();
      }
    }
  };
  const ask = () => {
    timer ??= setTimeout(start, milliseconds);
  };
  return ask;
}
