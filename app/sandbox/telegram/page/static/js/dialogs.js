/** What lies over a pane: toasts, questions, forms, menus. The other pane stays usable meanwhile. */

import { fill, h, iconButton } from './dom.js';
import { t } from './i18n.js';

const TOAST_MILLISECONDS = 3_500;

export class Dialogs {
  /** `body`: what becomes inert while a dialog is open. */
  constructor(body) {
    this.body = body;
    this.layer = h('div', { class: 'layer' });
    this.toasts = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
    this.open = [];
  }

  toast(text) {
    const toast = h('div', { class: 'toast' }, text);
    this.toasts.append(toast);
    setTimeout(() => toast.remove(), TOAST_MILLISECONDS);
  }

  /** Says in words what went wrong. */
  fail(error) {
    this.toast(error.status === 0 ? t('offline') : `${t('failed')}: ${error.message}`);
  }

  /** Runs `work`; a refusal becomes a toast and answers undefined. */
  async attempt(work) {
    try {
      return await work();
    } catch (error) {
      // Anything else is a fault of this page and belongs into the console as well.
      if (error.status === undefined) console.error(error);
      this.fail(error);
      return undefined;
    }
  }

  /**
   * Shows what `build(close)` returns and waits for `close(value)`; Escape and the backdrop close with null.
   * `kind`: card, sheet or menu.
   */
  show(build, { label, kind = 'card', at = null, dismissable = true } = {}) {
    return new Promise((resolve) => {
      const before = document.activeElement;
      let over = false;
      const close = (value = null) => {
        if (over) return;
        over = true;
        backdrop.remove();
        this.open = this.open.filter((one) => one !== backdrop);
        this.refresh();
        if (before?.isConnected) before.focus({ preventScroll: true });
        resolve(value);
      };
      const box = h('div', {
        class: `dialog dialog-${kind}`,
        role: kind === 'menu' ? 'menu' : 'dialog',
        'aria-modal': kind === 'menu' ? null : 'true',
        'aria-label': label,
        tabindex: '-1',
      });
      const backdrop = h('div', { class: `backdrop backdrop-${kind}` }, box);
      fill(box, build(close));
      backdrop.addEventListener('pointerdown', (event) => {
        if (event.target === backdrop && dismissable) close();
      });
      backdrop.addEventListener('keydown', (event) => {
        if (event.key === 'Escape' && dismissable) {
          event.stopPropagation();
          close();
        }
        if (kind === 'menu' && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) moveFocus(box, event);
      });
      this.layer.append(backdrop);
      this.open.push(backdrop);
      this.refresh();
      if (at) place(box, at, this.layer);
      (
        box.querySelector('[autofocus], input:not([type=hidden]), textarea') ??
        box.querySelector('button.primary, [role=menuitem]') ??
        box
      ).focus({
        preventScroll: true,
      });
    });
  }

  refresh() {
    this.body.inert = this.open.length > 0;
    this.open.forEach((one, index) => {
      one.inert = index < this.open.length - 1;
    });
  }

  alert(text, { title = '' } = {}) {
    return this.show(
      (close) => [
        title && h('h2', {}, title),
        h('p', { class: 'dialog-text' }, text),
        actions([[t('ok'), () => close(true), 'primary']]),
      ],
      {
        label: title || text,
      },
    );
  }

  /** True if the person agrees. */
  async confirm(text, { title = '', yes = t('ok'), danger = false } = {}) {
    const answer = await this.show(
      (close) => [
        title && h('h2', {}, title),
        h('p', { class: 'dialog-text' }, text),
        actions([
          [t('cancel'), () => close(false), ''],
          [yes, () => close(true), danger ? 'primary danger' : 'primary'],
        ]),
      ],
      { label: title || text },
    );
    return answer === true;
  }

  /** Entries are `{label, icon, run, danger}`, or null for a gap; `head` stands above them. */
  menu(entries, at, { head = null, label = t('more') } = {}) {
    return this.show(
      (close) => [
        head?.(close),
        entries.filter(Boolean).map((entry) =>
          h(
            'button',
            {
              type: 'button',
              role: 'menuitem',
              class: `menu-item ${entry.danger ? 'danger' : ''}`,
              on: {
                click: () => {
                  close();
                  entry.run();
                },
              },
            },
            entry.icon,
            h('span', {}, entry.label),
          ),
        ),
      ],
      { kind: 'menu', at, label },
    );
  }

  /**
   * A form of `fields` ({name, label, value, type: text|checkbox|select, options, required, max}); its values, or null.
   */
  form(title, fields, { yes = t('save') } = {}) {
    return this.show(
      (close) => {
        const inputs = {};
        const rows = fields.map((field) => {
          const input = inputFor(field);
          inputs[field.name] = input;
          return h(
            'label',
            { class: field.type === 'checkbox' ? 'field check' : 'field' },
            field.type === 'checkbox' ? [input, h('span', {}, field.label)] : [h('span', {}, field.label), input],
          );
        });
        const send = (event) => {
          event.preventDefault();
          const values = {};
          for (const field of fields) {
            const input = inputs[field.name];
            values[field.name] = field.type === 'checkbox' ? input.checked : input.value.trim();
            if (field.required && !values[field.name]) {
              input.focus();
              return;
            }
          }
          close(values);
        };
        return h(
          'form',
          { on: { submit: send } },
          dialogHead(title, close),
          rows,
          actions([
            [t('cancel'), () => close(), ''],
            [yes, null, 'primary'],
          ]),
        );
      },
      { label: title },
    );
  }
}

function inputFor(field) {
  if (field.type === 'select') {
    return h(
      'select',
      {},
      field.options.map(([value, label]) => h('option', { value, selected: value === field.value }, label)),
    );
  }
  if (field.type === 'checkbox') return h('input', { type: 'checkbox', checked: field.value });
  return h('input', {
    type: 'text',
    value: field.value ?? '',
    maxlength: field.max ?? 64,
    required: field.required,
    autocomplete: 'off',
  });
}

/** The line with a title and a cross. */
export const dialogHead = (title, close) =>
  h(
    'div',
    { class: 'dialog-head' },
    h('h2', {}, title),
    iconButton('close', t('close'), () => close()),
  );

/** The buttons at the foot; one without a listener submits its form. */
export const actions = (buttons) =>
  h(
    'div',
    { class: 'dialog-actions' },
    buttons.map(([label, listener, kind]) =>
      h(
        'button',
        { type: listener ? 'button' : 'submit', class: `text-button ${kind}`, on: listener ? { click: listener } : {} },
        label,
      ),
    ),
  );

function moveFocus(box, event) {
  event.preventDefault();
  const items = [...box.querySelectorAll('[role=menuitem]')];
  const now = items.indexOf(document.activeElement);
  items.at((now + (event.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length)?.focus();
}

/** Puts a menu near a point or under a button, inside the pane. */
function place(box, at, layer) {
  const pane = layer.getBoundingClientRect();
  const point =
    at instanceof Element ? at.getBoundingClientRect() : { left: at.x, right: at.x, bottom: at.y, top: at.y };
  const size = box.getBoundingClientRect();
  const margin = 8;
  let left = Math.min(at instanceof Element ? point.right - size.width : point.left, pane.right - size.width - margin);
  left = Math.max(left, pane.left + margin);
  let top = point.bottom + 4;
  if (top + size.height > pane.bottom - margin) top = Math.max(pane.top + margin, point.top - size.height - 4);
  box.style.setProperty('left', `${left - pane.left}px`);
  box.style.setProperty('top', `${top - pane.top}px`);
}
