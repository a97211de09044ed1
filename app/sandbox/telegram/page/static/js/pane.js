/** One person's Telegram: chats, topics and the open conversation, kept true by the changes of the desk. */

import * as api from './api.js';
import { chatKey, chatList, rowName, topicList } from './chatlist.js';
import { ChatView } from './chatview.js';
import { Dialogs } from './dialogs.js';
import { coalesce, fill, h, icon, iconButton } from './dom.js';
import { groupMenu, newGroup, newTopic } from './groups.js';
import { memberCount, t } from './i18n.js';
import { avatar, nameOf } from './names.js';
import { peopleMenu } from './people.js';
import { AppSheet } from './webapp/sheet.js';

const TYPING_MILLISECONDS = 5_000;
const GENERAL = 1;
const MESSAGE_CHANGES = new Set([
  'message',
  'edited',
  'deleted',
  'reaction',
  'pinned',
  'topic',
  'member',
  'chat',
  'invoice',
]);

export class Pane {
  constructor(side, desk) {
    this.side = side;
    this.desk = desk;
    this.person = null;
    this.rows = [];
    this.messages = [];
    this.open = null;
    this.actions = new Map();
    this.onPerson = () => undefined;

    this.me = h('button', {
      type: 'button',
      class: 'me',
      on: { click: (event) => peopleMenu(this, event.currentTarget) },
    });
    this.chats = chatList({ onOpen: (row) => this.openRow(row) });
    this.topics = topicList({
      onOpen: (topic) => this.openPlace({ key: this.open.key, topic: topic.message_thread_id }),
      onNew: () => newTopic(this),
      onBack: () => this.back(),
      onMenu: (at) => groupMenu(this, this.row(), at),
    });
    this.view = new ChatView(this);
    this.body = h(
      'div',
      { class: 'pane-body' },
      h(
        'section',
        { class: 'column chats' },
        h(
          'header',
          { class: 'head' },
          this.me,
          iconButton('people', t('newGroup'), () => newGroup(this)),
        ),
        this.chats.element,
      ),
      this.topics.element,
      this.view.element,
    );
    this.dialogs = new Dialogs(this.body);
    this.app = new AppSheet(this);
    this.element = h(
      'section',
      { class: `pane pane-${side}`, 'aria-label': t(side), 'data-depth': '0' },
      this.body,
      this.app.element,
      this.dialogs.layer,
      this.dialogs.toasts,
    );
    this.refreshChats = coalesce(() => this.read(() => this.readChats()));
    this.refreshMessages = coalesce(() => this.read(() => this.readMessages()));
    this.drawMe();
  }

  /** Another person sits down here. */
  async sit(person) {
    this.app.close();
    this.person = person;
    this.rows = [];
    this.open = null;
    if (person) this.desk.remember(this.side, person.id);
    this.onPerson(person);
    this.drawMe();
    this.draw();
    await this.refresh();
  }

  async refresh() {
    if (!this.person) return;
    // A sandbox that was started again has forgotten who sits here.
    if (!this.desk.person(this.person.id)) {
      await api.savePerson(this.person);
      this.desk.people.push(this.person);
    }
    await this.read(() => this.readChats());
    await this.read(() => this.readMessages());
  }

  /** Reads; when the desk is out of reach, it is all read again once it is back. */
  async read(work) {
    try {
      await work();
    } catch (error) {
      if (error.status === undefined) throw error;
      if (error.status !== 0) this.dialogs.fail(error);
    }
  }

  row() {
    return this.open ? (this.rows.find((row) => chatKey(row) === this.open.key) ?? null) : null;
  }

  topicsOf(row) {
    const known = (row?.topics ?? []).filter((topic) => !topic.deleted && topic.message_thread_id !== GENERAL);
    known.sort((one, other) => (other.last?.date ?? 0) - (one.last?.date ?? 0));
    return [{ message_thread_id: GENERAL, name: t('general'), general: true }, ...known];
  }

  topic() {
    return this.open?.topic
      ? (this.topicsOf(this.row()).find((topic) => topic.message_thread_id === this.open.topic) ?? null)
      : null;
  }

  async readChats() {
    if (!this.person) return;
    const person = this.person;
    const rows = await api.chats(person.id);
    if (person !== this.person) return;
    for (const row of rows) {
      row.about = this.desk.bots.get(row.bot);
    }
    this.rows = rows;
    if (this.open && !this.row()) this.open = null;
    if (this.open?.topic && !this.topic()) this.open = { key: this.open.key };
    this.draw();
  }

  async readMessages() {
    const row = this.row();
    const { open, person } = this;
    if (!row || (row.chat.is_forum && !open.topic)) return;
    const found = await api.messages({ ...api.placeOf(row), topic: open.topic, person: person.id });
    if (open !== this.open) return;
    this.messages = Array.isArray(found) ? found : found.messages;
    this.draw();
  }

  openRow(row, { start = null } = {}) {
    this.openPlace({ key: chatKey(row), start });
  }

  openPlace(open) {
    this.open = open;
    this.messages = [];
    this.view.reset();
    this.draw();
    this.refreshMessages();
    if (matchMedia('(hover: hover)').matches) this.view.focus();
  }

  back() {
    this.open = this.open?.topic ? { key: this.open.key } : null;
    this.draw();
    this.element.querySelector('.row')?.focus({ preventScroll: true });
  }

  /** A change on the desk: what it says is shown at once, all else is read again. */
  hear(change) {
    if (!this.person) return;
    const row = this.rows.find((one) =>
      one.bot ? one.bot === change.bot && change.chat === this.person.id : one.chat.id === change.chat,
    );
    if (change.kind === 'action') {
      if (row) this.typing(chatKey(row), change);
      return;
    }
    if (change.kind === 'message' && row) this.actions.delete(chatKey(row));
    if (change.kind === 'answer') return;
    this.refreshChats();
    if (row && row === this.row() && MESSAGE_CHANGES.has(change.kind)) this.refreshMessages();
  }

  typing(key, change) {
    const mine = { action: change.action, topic: change.topic };
    this.actions.set(key, mine);
    this.draw();
    setTimeout(() => {
      if (this.actions.get(key) !== mine) return;
      this.actions.delete(key);
      this.draw();
    }, TYPING_MILLISECONDS);
  }

  draw() {
    const row = this.row();
    const forum = Boolean(row?.chat.is_forum);
    const depth = !row ? 0 : forum && !this.open.topic ? 1 : 2;
    this.element.dataset.depth = String(depth);
    this.element.classList.toggle('forum', forum);
    this.chats.update(this.rows, this.open?.key);
    if (forum) this.topics.update(row, this.topicsOf(row), this.open.topic, this.lineOf(row));
    this.view.update(depth === 2 ? row : null, this.topic(), this.messages);
  }

  /** What stands under a chat's name. */
  lineOf(row) {
    const action = this.actions.get(chatKey(row));
    if (action && (!action.topic || action.topic === this.open?.topic))
      return ACTION_WORDS[action.action] ? t(ACTION_WORDS[action.action]) : t('typing');
    if (row.bot) return t('bot');
    const count = row.member_count ?? row.members?.length;
    return count ? memberCount(count) : t('group');
  }

  drawMe() {
    fill(
      this.me,
      avatar(this.person ?? { title: '?' }),
      h(
        'span',
        { class: 'me-text' },
        h('strong', {}, this.person ? nameOf(this.person) : t('person')),
        this.person &&
          h(
            'span',
            {},
            [this.person.language_code?.toUpperCase(), this.person.username && `@${this.person.username}`]
              .filter(Boolean)
              .join(' · '),
          ),
      ),
      icon('down'),
    );
    this.me.setAttribute('aria-label', `${t('choosePerson')}${this.person ? `: ${nameOf(this.person)}` : ''}`);
  }

  title(row) {
    return rowName(row);
  }
}

const ACTION_WORDS = {
  typing: 'typing',
  upload_photo: 'upload_photo',
  upload_document: 'upload_document',
  record_voice: 'record_voice',
  upload_voice: 'record_voice',
};
