/** The foot of a chat: text, files, voice, stickers, reply and edit, commands, menu button, reply keyboard. */

import { attachments } from './attach.js';
import { fill, h, icon, iconButton } from './dom.js';
import { t } from './i18n.js';
import { nameOf, preview, short } from './names.js';
import { replyKeyboard } from './replykeyboard.js';
import { stickerPanel } from './stickers.js';
import { recorder } from './voice.js';

const LONGEST = 4096;
const TALLEST = 160;

/**
 * `host` is the open chat (see chatview.js): what it sends through, and what keys, apps and dialogs are opened by.
 */
export function composer(host) {
  let replying = null;
  let editing = null;
  let panel = null;

  const area = h('textarea', {
    class: 'composer-text',
    rows: '1',
    maxlength: String(LONGEST),
    'aria-label': t('message'),
    placeholder: t('message'),
    dataset: { control: 'composer' },
  });
  const bar = h('div', { class: 'composer-bar', hidden: true });
  const suggestions = h('div', { class: 'suggestions', hidden: true });
  const menu = h('button', { type: 'button', class: 'menu-button', hidden: true });
  const keys = iconButton('keyboard', t('botKeyboard'), () => toggle('keys'), { class: 'keys-button' });
  const smile = iconButton('smile', t('stickers'), () => toggle('stickers'));
  const clip = iconButton('attach', t('attach'), (event) => files.menu(event.currentTarget));
  const send = iconButton('send', t('send'), submit, { class: 'send-button' });
  const files = attachments(host, () => reply());
  const voice = recorder(host, () => reply());
  const box = h('div', { class: 'composer-box' }, smile, area, keys, clip);
  const line = h('div', { class: 'composer-line' }, menu, box, send, voice.button);
  const tray = h('div', { class: 'tray', hidden: true });
  const big = h('div', { class: 'composer-big', hidden: true });
  const form = h('footer', { class: 'composer' }, suggestions, bar, line, voice.element, big, tray);

  /** Parameters that a message gets from the bar above the line; clears it. */
  function reply() {
    const body = replying ? { reply_to: replying.message_id } : {};
    clearBar();
    return body;
  }

  function clearBar() {
    if (editing) area.value = '';
    replying = editing = null;
    bar.hidden = true;
    changed();
  }

  function showBar(title, message) {
    fill(
      bar,
      icon(editing ? 'edit' : 'reply'),
      h('div', { class: 'bar-text' }, h('strong', {}, title), h('span', {}, short(preview(message), 90))),
      iconButton('close', t('cancel'), clearBar),
    );
    bar.hidden = false;
    area.focus();
  }

  async function submit() {
    const text = area.value.trim();
    if (!text) return;
    if (editing) {
      const message = editing;
      clearBar();
      await host.edit(message, text);
      return;
    }
    area.value = '';
    const sent = await host.say({ text, ...reply() });
    if (sent === undefined && !area.value) area.value = text;
    changed();
  }

  function changed() {
    area.style.removeProperty('height');
    if (area.scrollHeight > area.clientHeight)
      area.style.setProperty('height', `${Math.min(area.scrollHeight, TALLEST)}px`);
    const filled = area.value.trim() !== '';
    send.hidden = !filled && !editing;
    voice.button.hidden = filled || Boolean(editing);
    suggest();
  }

  function suggest() {
    const typed = /^\/(\w*)$/.exec(area.value);
    const found = typed ? (host.row().commands ?? []).filter((one) => one.command.startsWith(typed[1])) : [];
    suggestions.hidden = found.length === 0;
    fill(suggestions, found.map(commandRow));
  }

  function commandRow({ command, description }) {
    const choose = () => {
      area.value = '';
      changed();
      void host.say({ text: `/${command}` });
      area.focus();
    };
    return h(
      'button',
      { type: 'button', class: 'suggestion', on: { click: choose } },
      h('strong', {}, `/${command}`),
      h('span', {}, description),
    );
  }

  function toggle(which) {
    panel = panel === which ? null : which;
    drawTray();
  }

  function drawTray() {
    const markup = host.row().reply_keyboard;
    const body =
      panel === 'stickers'
        ? stickerPanel(host, reply)
        : panel === 'keys' && markup?.keyboard
          ? replyKeyboard(markup, (button) => pressKey(button, markup))
          : null;
    tray.hidden = !body;
    fill(tray, body);
    keys.setAttribute('aria-expanded', String(panel === 'keys'));
    smile.setAttribute('aria-expanded', String(panel === 'stickers'));
  }

  async function pressKey(button, markup) {
    if (markup.one_time_keyboard) {
      panel = null;
      drawTray();
    }
    await host.pressKey(button);
  }

  area.addEventListener('input', changed);
  area.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      void submit();
    } else if (event.key === 'Escape' && !bar.hidden) {
      event.stopPropagation();
      clearBar();
    } else if (event.key === 'Tab' && !event.shiftKey && !suggestions.hidden) {
      // As in Telegram: the command is written out, for those that take more words.
      event.preventDefault();
      area.value = `${suggestions.querySelector('strong').textContent} `;
      changed();
    } else if (event.key === 'ArrowUp' && !suggestions.hidden) {
      event.preventDefault();
      suggestions.lastElementChild?.focus();
    } else if (event.key === 'ArrowUp' && !area.value) {
      event.preventDefault();
      host.editLast();
    }
  });
  area.addEventListener('paste', (event) => {
    const pasted = [...event.clipboardData.files];
    if (!pasted.length) return;
    event.preventDefault();
    void files.offer(pasted);
  });

  let shownKeyboard = null;
  let shownMenu = null;
  changed();
  return {
    element: form,
    offer: files.offer,
    focus: () => area.focus(),
    reply(message) {
      editing = null;
      replying = message;
      showBar(t('replyTo', { name: nameOf(message.from) }), message);
    },
    edit(message) {
      replying = null;
      editing = message;
      area.value = message.text ?? message.caption ?? '';
      showBar(t('editing'), message);
      changed();
    },
    /** Draws what the row says: start or unblock instead of the line, the menu button, the reply keyboard. */
    update(row, { big: words, closed }) {
      big.hidden = !words && !closed;
      line.hidden = Boolean(words || closed);
      const printed = JSON.stringify([words?.label, closed]);
      if (big.dataset.print !== printed) {
        big.dataset.print = printed;
        fill(
          big,
          words
            ? h('button', { type: 'button', class: 'big-button', on: { click: () => words.run() } }, words.label)
            : closed && h('span', {}, closed),
        );
      }
      area.placeholder = row.reply_keyboard?.input_field_placeholder || t('message');
      const menuPrint = JSON.stringify([row.menu_button, (row.commands ?? []).length]);
      if (menuPrint !== shownMenu) {
        shownMenu = menuPrint;
        drawMenu(row);
      }
      const print = JSON.stringify(row.reply_keyboard ?? null);
      if (print === shownKeyboard) return;
      shownKeyboard = print;
      keys.hidden = !row.reply_keyboard?.keyboard;
      if (row.reply_keyboard?.keyboard) panel = 'keys';
      else if (panel === 'keys') panel = null;
      drawTray();
    },
    /** Another conversation: nothing of the former one is left. */
    reset() {
      area.value = '';
      panel = null;
      shownKeyboard = shownMenu = null;
      clearBar();
      drawTray();
    },
  };

  function drawMenu(row) {
    const button = row.menu_button;
    const app = button?.type === 'web_app';
    menu.hidden = !app && !(row.commands ?? []).length;
    menu.onclick = app ? () => host.openApp(button.web_app.url, { from: 'menu' }) : () => showCommands();
    menu.setAttribute('aria-label', app ? button.text : t('commands'));
    menu.classList.toggle('app', app);
    fill(menu, icon(app ? 'window' : 'menu'), app && h('span', {}, button.text));
  }

  function showCommands() {
    if (!suggestions.hidden) {
      suggestions.hidden = true;
      return;
    }
    fill(suggestions, (host.row().commands ?? []).map(commandRow));
    suggestions.hidden = false;
    suggestions.firstElementChild?.focus();
  }
}
