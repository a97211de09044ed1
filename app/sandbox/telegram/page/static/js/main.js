/** Two panes on one desk. Their people are remembered in the address and in this browser. */

import * as api from './api.js';
import { coalesce, h } from './dom.js';
import { follow } from './feed.js';
import { language, t } from './i18n.js';
import { nameOf } from './names.js';
import { Pane } from './pane.js';

const SIDES = ['left', 'right'];

class Desk {
  constructor() {
    this.people = [];
    this.bots = new Map();
    this.panes = SIDES.map((side) => new Pane(side, this));
  }

  async load() {
    const [people, bots] = await Promise.all([api.people(), api.bots()]);
    this.people = people;
    this.bots = new Map(bots.map((bot) => [bot.id, bot]));
  }

  person(id) {
    return this.people.find((one) => one.id === id) ?? null;
  }

  botNamed(username) {
    return [...this.bots.values()].find((bot) => bot.username?.toLowerCase() === username.toLowerCase()) ?? null;
  }

  remember(side, id) {
    localStorage.setItem(`desk:${side}`, String(id));
    const address = new URL(location.href);
    address.searchParams.set(side, String(id));
    history.replaceState(null, '', address);
  }

  /** Whoever the address names, sat here last, or suits the side: users to the left, staff to the right. */
  async seat() {
    const wanted = new URLSearchParams(location.search);
    const named = SIDES.map((side) => this.person(Number(wanted.get(side) ?? localStorage.getItem(`desk:${side}`))));
    const groups = await Promise.all(
      this.people.map(async (person) => (await api.chats(person.id)).some((row) => !row.bot)),
    );
    const staff = this.people.filter((_, index) => groups[index]);
    const users = this.people.filter((_, index) => !groups[index]);
    users.sort((one, other) => Number(other.language_code === language) - Number(one.language_code === language));
    const left = named[0] ?? users.find((one) => one !== named[1]) ?? this.people[0];
    const right = named[1] ?? staff.find((one) => one !== left) ?? this.people.find((one) => one !== left);
    await Promise.all([left, right].map((person, index) => this.panes[index].sit(person ?? null)));
  }
}

function start() {
  document.documentElement.lang = language;
  document.title = t('title');
  const desk = new Desk();
  const offline = h('div', { class: 'offline', role: 'status', hidden: true }, t('offline'));
  const main = h(
    'main',
    { class: 'desk', 'data-shown': 'left' },
    desk.panes.map((pane) => pane.element),
  );
  const tabs = SIDES.map((side, index) =>
    h(
      'button',
      { type: 'button', class: 'side-tab', 'aria-pressed': String(index === 0), on: { click: () => show(index) } },
      t(side),
    ),
  );
  const show = (index) => {
    main.dataset.shown = SIDES[index];
    tabs.forEach((tab, at) => tab.setAttribute('aria-pressed', String(at === index)));
  };
  desk.panes.forEach((pane, index) => {
    pane.onPerson = (person) => {
      tabs[index].textContent = person ? nameOf(person) : t(SIDES[index]);
    };
  });
  document.body.append(
    h('h1', { class: 'visually-hidden' }, t('title')),
    h('div', { class: 'side-tabs', role: 'group', 'aria-label': t('switch') }, tabs),
    main,
    offline,
  );

  let seated = false;
  const reload = coalesce(async () => {
    try {
      await desk.load();
      if (!seated) {
        await desk.seat();
        seated = true;
      } else {
        await Promise.all(desk.panes.map((pane) => pane.refresh()));
      }
    } catch (error) {
      if (error.status !== 0) throw error;
    }
  });
  follow({
    onChange(change) {
      // A new bot or group is not known by name yet.
      if (change.bot && !desk.bots.has(change.bot)) reload();
      for (const pane of desk.panes) pane.hear(change);
    },
    onState(connected) {
      offline.hidden = connected;
    },
    onResync: reload,
  });
}

start();
