/** A Mini App in place: a sheet over the pane with the app in a frame, and the client's own buttons around it. */

import * as api from '../api.js';
import { fill, h, icon, iconButton } from '../dom.js';
import { t } from '../i18n.js';
import { nameOf } from '../names.js';
import { contactOf, phoneOf } from '../people.js';
import { HANDLERS } from './protocol.js';
import { AppStorage } from './storage.js';
import { inkOn, onTheme, themeParams } from './theme.js';

// What web.telegram.org lets a Mini App do.
const MAY =
  'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-modals allow-downloads';
const BUTTONS = ['secondary', 'main'];
const POSITIONS = new Set(['left', 'right', 'top', 'bottom']);

export class AppSheet {
  constructor(pane) {
    this.pane = pane;
    this.session = null;
    this.element = h('div', { class: 'app-layer', hidden: true });
    addEventListener('message', (event) => this.receive(event));
    onTheme(() => this.session && this.emit('theme_changed', { theme_params: themeParams() }));
  }

  get name() {
    return nameOf({ first_name: this.session?.bot.name });
  }

  get storage() {
    return this.session.storage;
  }

  /** `from`: inline, menu, keyboard or link; a keyboard's app may send data to the bot. */
  async open({ bot: id, url, from, text = '', start }) {
    this.close();
    const { pane } = this;
    const bot = pane.desk.bots.get(id);
    const answer = await pane.dialogs.attempt(() =>
      api.openApp({ user: pane.person.id, bot: id, url, ...(start ? { start_param: start } : {}) }),
    );
    if (!answer) return;
    const address = withTheme(answer.url);
    const frame = h('iframe', {
      class: 'app-frame',
      title: t('miniApp', { name: bot.name }),
      src: address,
      allow: 'clipboard-write; fullscreen; autoplay',
      sandbox: MAY,
    });
    this.session = {
      bot,
      from,
      text,
      frame,
      address,
      origin: new URL(address).origin,
      storage: new AppStorage(id, pane.person.id),
      buttons: {},
      back: false,
      settings: false,
      asking: false,
    };
    this.draw();
    frame.addEventListener('load', () => this.ready());
    this.watcher = new ResizeObserver(() => this.sendViewport());
    this.watcher.observe(frame);
    pane.body.inert = true;
    frame.focus();
  }

  draw() {
    const { bot, frame } = this.session;
    this.backButton = iconButton('back', t('back'), () => this.emit('back_button_pressed'), { class: 'app-back' });
    this.backButton.hidden = true;
    this.loader = h(
      'div',
      { class: 'app-loader', role: 'status', 'aria-label': t('loading') },
      h('span', { class: 'spinner' }),
    );
    this.foot = h('footer', { class: 'app-foot', hidden: true });
    this.sheet = h(
      'section',
      { class: 'app-sheet', role: 'dialog', 'aria-label': t('miniApp', { name: bot.name }) },
      h(
        'header',
        { class: 'app-head' },
        this.backButton,
        iconButton('close', t('closeApp'), () => this.askClose()),
        h('div', { class: 'app-title' }, h('strong', {}, bot.name), h('span', {}, t('bot'))),
        iconButton('more', t('more'), (event) => this.menu(event.currentTarget)),
      ),
      h('div', { class: 'app-body' }, frame, this.loader),
      this.foot,
    );
    fill(this.element, this.sheet);
    this.element.hidden = false;
    this.element.onkeydown = (event) => event.key === 'Escape' && this.askClose();
    this.element.onpointerdown = (event) => event.target === this.element && this.askClose();
  }

  close() {
    if (!this.session) return;
    this.watcher.disconnect();
    this.session = null;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.pane.dialogs.refresh();
    this.pane.view.focus();
  }

  async askClose() {
    if (this.session?.asking && !(await this.pane.dialogs.confirm(t('closeSure'), { yes: t('close') }))) return;
    this.close();
  }

  menu(at) {
    return this.pane.dialogs.menu(
      [
        this.session.settings && {
          label: t('settings'),
          icon: icon('menu'),
          run: () => this.emit('settings_button_pressed'),
        },
        {
          label: t('reload'),
          icon: icon('reload'),
          run: () =>
            this.open({
              bot: this.session.bot.id,
              url: this.session.address,
              from: this.session.from,
              text: this.session.text,
            }),
        },
      ],
      at,
    );
  }

  /** Only the app in our frame is heard, and only from the address it was opened at. */
  receive(event) {
    const { session } = this;
    if (!session || event.source !== session.frame.contentWindow || event.origin !== session.origin) return;
    let message;
    try {
      message = JSON.parse(event.data);
    } catch {
      return;
    }
    const handler = Object.hasOwn(HANDLERS, message?.eventType) ? HANDLERS[message.eventType] : null;
    if (handler) void this.pane.dialogs.attempt(async () => handler(this, message.eventData ?? {}));
  }

  emit(eventType, eventData) {
    this.session?.frame.contentWindow?.postMessage(JSON.stringify({ eventType, eventData }), this.session.origin);
  }

  // What the app may ask for; see protocol.js.

  ready() {
    this.loader.hidden = true;
  }

  loading() {
    this.loader.hidden = false;
  }

  sendViewport() {
    const { frame } = this.session;
    this.emit('viewport_changed', {
      height: frame.clientHeight,
      width: frame.clientWidth,
      is_expanded: true,
      is_state_stable: true,
    });
  }

  fullscreen(on) {
    this.sheet.classList.toggle('full', on);
    this.emit('fullscreen_changed', { is_fullscreen: on });
  }

  setBack(visible) {
    this.backButton.hidden = !visible;
  }

  setSettings(visible) {
    this.session.settings = visible;
  }

  setClosing(asking) {
    this.session.asking = asking;
  }

  setButton(which, data) {
    this.session.buttons[which] = { ...this.session.buttons[which], ...data };
    const shown = BUTTONS.filter((name) => this.session.buttons[name]?.is_visible && this.session.buttons[name]?.text);
    const position = this.session.buttons.secondary?.position;
    this.foot.hidden = shown.length === 0;
    this.foot.dataset.position = POSITIONS.has(position) ? position : 'left';
    fill(
      this.foot,
      shown.map((name) => {
        const button = this.session.buttons[name];
        const theme = themeParams();
        return h(
          'button',
          {
            type: 'button',
            class: `app-button app-${name}`,
            disabled: button.is_active === false || Boolean(button.is_progress_visible),
            style: {
              background: button.color ?? (name === 'main' ? theme.button_color : theme.bottom_bar_bg_color),
              color: button.text_color ?? (name === 'main' ? theme.button_text_color : theme.link_color),
            },
            on: { click: () => this.emit(`${name}_button_pressed`) },
          },
          button.is_progress_visible
            ? h('span', { class: 'spinner small', role: 'status', 'aria-label': t('loading') })
            : String(button.text),
        );
      }),
    );
  }

  paint(part, colour) {
    if (!colour) return;
    this.sheet.style.setProperty(`--app-${part}`, colour);
    this.sheet.style.setProperty(`--app-${part}-ink`, inkOn(colour));
  }

  /** Desktop computers do not shake: the sheet's edge shows it. */
  haptic(data) {
    const strength = data.notification_type === 'error' || data.impact_style === 'heavy' ? 2 : 1;
    this.sheet.style.setProperty('--buzz', `${strength}px`);
    this.sheet.classList.remove('buzz');
    void this.sheet.offsetWidth;
    this.sheet.classList.add('buzz');
  }

  async sendData(data) {
    const { bot, from, text } = this.session;
    if (from !== 'keyboard' || !data) return;
    await api.webAppData({ user: this.pane.person.id, bot: bot.id, button_text: text, data });
    this.close();
  }

  async sharePhone() {
    const { person, dialogs } = this.pane;
    const { bot } = this.session;
    if (!(await dialogs.confirm(t('shareContact', { name: bot.name, phone: phoneOf(person) }), { yes: t('share') })))
      return false;
    await api.say({ user: person.id, bot: bot.id, contact: contactOf(person) });
    return true;
  }
}

/** The launch parameters carry the page's own colours; they are not part of what is signed. */
function withTheme(address) {
  const url = new URL(address);
  const launch = new URLSearchParams(url.hash.slice(1));
  launch.set('tgWebAppThemeParams', JSON.stringify(themeParams()));
  url.hash = launch.toString();
  return url.href;
}
