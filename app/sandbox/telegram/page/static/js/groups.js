/** Groups: making one, who is in it and with which rights, topics, and the group that a bot asks for. */

import * as api from './api.js';
import { actions, dialogHead } from './dialogs.js';
import { chatKey } from './chatlist.js';
import { fill, h, icon } from './dom.js';
import { t } from './i18n.js';
import { avatar, nameOf, statusWord } from './names.js';

const BOT_RIGHTS = [
  'can_manage_topics',
  'can_pin_messages',
  'can_delete_messages',
  'can_invite_users',
  'can_restrict_members',
  'can_promote_members',
  'can_change_info',
  'can_manage_video_chats',
];

const rights = (value) => Object.fromEntries(BOT_RIGHTS.map((name) => [name, value]));

/** Asks for a title; the new group's id, or undefined. */
export async function newGroup(pane, { forum = true } = {}) {
  const values = await pane.dialogs.form(
    t('newGroup'),
    [
      { name: 'title', label: t('groupTitle'), required: true, max: 128 },
      { name: 'is_forum', label: t('isForum'), type: 'checkbox', value: forum },
    ],
    { yes: t('add') },
  );
  if (!values) return undefined;
  return pane.dialogs.attempt(async () => {
    const made = await api.makeGroup({ ...values, owner: pane.person.id });
    await pane.readChats();
    return made.chat.id;
  });
}

export async function newTopic(pane) {
  const row = pane.row();
  const values = await pane.dialogs.form(
    t('newTopic'),
    [{ name: 'name', label: t('topicName'), required: true, max: 128 }],
    { yes: t('add') },
  );
  if (!values) return;
  await pane.dialogs.attempt(async () => {
    const made = await api.makeTopic({ chat: row.chat.id, user: pane.person.id, name: values.name });
    await pane.readChats();
    pane.openPlace({ key: chatKey(row), topic: made.message_thread_id });
  });
}

/** The menu of a group, and of the topic that is open in it. */
export function groupMenu(pane, row, at, topic = null) {
  const change = (what) => () =>
    pane.dialogs.attempt(() =>
      api.changeTopic(what, { chat: row.chat.id, user: pane.person.id, topic: topic.message_thread_id }),
    );
  const own = topic && !topic.general;
  return pane.dialogs.menu(
    [
      { label: t('members'), icon: icon('people'), run: () => showMembers(pane, row) },
      own &&
        (topic.closed
          ? { label: t('reopenTopic'), icon: icon('lock'), run: change('reopen') }
          : { label: t('closeTopic'), icon: icon('lock'), run: change('close') }),
      own && {
        label: t('deleteTopic'),
        icon: icon('trash'),
        danger: true,
        run: async () => {
          if (
            await pane.dialogs.confirm(t('deleteTopicSure', { name: topic.name }), { yes: t('remove'), danger: true })
          )
            await change('delete')();
        },
      },
    ],
    at,
  );
}

const HUMAN = ['creator', 'administrator', 'member', 'left', 'kicked'];
const BOT = ['administrator', 'powerless', 'member', 'left', 'kicked'];

async function showMembers(pane, row) {
  const chat = row.chat.id;
  const list = h('ul', { class: 'members' });
  const draw = async () => {
    const found = await pane.dialogs.attempt(() => api.members(chat));
    if (found) fill(list, found.map(line));
  };
  const line = (member) => {
    const bot = member.user.is_bot;
    const now =
      bot && member.status === 'administrator' && !member.can_manage_topics && !member.can_pin_messages
        ? 'powerless'
        : member.status;
    const choices = bot ? BOT : HUMAN;
    const select = h(
      'select',
      { 'aria-label': nameOf(member.user), on: { change: (event) => change(member, event.target.value) } },
      [...new Set([now, ...choices])].map((value) =>
        h('option', { value, selected: value === now }, wordOf(value, bot)),
      ),
    );
    return h(
      'li',
      {},
      avatar(member.user, { size: 's' }),
      h('span', { class: 'member-name' }, nameOf(member.user), bot && h('small', {}, t('bot'))),
      select,
    );
  };
  const change = async (member, value) => {
    await pane.dialogs.attempt(() => setStatus(pane, chat, member.user, value));
    await draw();
  };
  const add = async (candidates, at) => {
    const there = new Set(
      (await api.members(chat)).filter((one) => !['left', 'kicked'].includes(one.status)).map((one) => one.user.id),
    );
    await pane.dialogs.menu(
      candidates
        .filter((one) => !there.has(one.id))
        .map((one) => ({
          label: nameOf(one),
          icon: avatar(one, { size: 's' }),
          run: async () => {
            await pane.dialogs.attempt(() => setStatus(pane, chat, one, 'member'));
            await draw();
          },
        })),
      at,
    );
  };
  await draw();
  const bots = [...pane.desk.bots.values()].map((bot) => ({ id: bot.id, is_bot: true, first_name: bot.name }));
  await pane.dialogs.show(
    (close) => [
      dialogHead(t('membersOf'), close),
      list,
      actions([
        [t('addMember'), (event) => add(pane.desk.people, event.currentTarget), ''],
        [t('addBot'), (event) => add(bots, event.currentTarget), ''],
      ]),
    ],
    { label: t('membersOf') },
  );
}

function wordOf(status, bot) {
  if (status === 'powerless') return t('someRight');
  return bot && status === 'administrator' ? t('everyRight') : statusWord(status);
}

function setStatus(pane, chat, user, value) {
  const by = pane.person.id;
  if (!user.is_bot) return api.setMember({ chat, user: user.id, status: value, by });
  const status = value === 'powerless' ? 'administrator' : value;
  return api.setBotRights({
    chat,
    bot: user.id,
    status,
    by,
    ...(status === 'administrator' ? rights(value === 'administrator') : {}),
  });
}

/**
 * A bot asks for a group (KeyboardButtonRequestChat): the person chooses or makes one, and as in Telegram
 * agrees that the bot is let in with the rights it asks for. The chosen chat's id, or null.
 */
export async function chooseGroup(pane, bot, request) {
  const fits = (row) =>
    !row.bot &&
    (request.chat_is_forum === undefined || Boolean(row.chat.is_forum) === request.chat_is_forum) &&
    !request.chat_is_channel;
  const chosen = await pane.dialogs.show(
    (close) => {
      const rows = pane.rows.filter(fits);
      return [
        dialogHead(t('requestChat'), close),
        rows.length ? null : h('p', { class: 'dialog-text' }, t('requestChatEmpty')),
        h(
          'div',
          { class: 'choices' },
          rows.map((row) =>
            h(
              'button',
              { type: 'button', class: 'row', on: { click: () => close(row) } },
              avatar(row.chat, { forum: row.chat.is_forum }),
              h('span', { class: 'row-text' }, h('span', { class: 'row-name' }, nameOf(row.chat))),
            ),
          ),
        ),
        actions([[t('newGroup'), () => close('new'), '']]),
      ];
    },
    { label: t('requestChat') },
  );
  if (!chosen) return null;
  let id = chosen.chat?.id;
  if (chosen === 'new') id = await newGroup(pane, { forum: request.chat_is_forum ?? true });
  if (!id) return null;
  const group = nameOf(pane.rows.find((row) => row.chat.id === id)?.chat);
  const asked = request.bot_administrator_rights;
  if (asked || request.bot_is_member) {
    const words = t(asked ? 'requestRights' : 'requestMember', { bot: nameOf({ first_name: bot.name }), group });
    if (!(await pane.dialogs.confirm(words))) return null;
  }
  return id;
}
