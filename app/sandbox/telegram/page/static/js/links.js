/** Links: those into Telegram open on the desk, all others in a new tab after a question. */

import { t } from './i18n.js';
import { paySlug } from './pay.js';

const HOSTS = new Set(['t.me', 'telegram.me', 'telegram.dog']);

export async function openLink(pane, address, { ask = true } = {}) {
  let link;
  try {
    link = new URL(address);
  } catch {
    return;
  }
  if (link.protocol === 'tg:') {
    await openTelegramPath(pane, pathOfScheme(link));
  } else if (HOSTS.has(link.hostname)) {
    await openTelegramPath(pane, link.pathname.slice(1) + link.search);
  } else if (/\/sandbox\/(invoice\/|\$)/.test(link.pathname)) {
    await paySlug(pane, link.pathname.split(/\/sandbox\/(?:invoice\/|\$)/)[1]);
  } else if (link.protocol === 'http:' || link.protocol === 'https:') {
    if (!ask || (await pane.dialogs.confirm(address, { title: t('openLink'), yes: t('open') })))
      window.open(address, '_blank', 'noopener,noreferrer');
  }
}

/** tg://resolve?domain=name&start=… as a path of t.me. */
function pathOfScheme(link) {
  const kind = link.hostname || link.pathname.replace(/^\/+/, '');
  const values = new URLSearchParams(link.search);
  if (kind === 'invoice') return `$${values.get('slug') ?? ''}`;
  if (kind === 'privatepost')
    return ['c', values.get('channel'), values.get('thread'), values.get('post')].filter(Boolean).join('/');
  const domain = values.get('domain') ?? '';
  values.delete('domain');
  return `${domain}?${values}`;
}

/** `path` as after https://t.me/ — a bot with its start parameter, an invoice, or a message of a group. */
export async function openTelegramPath(pane, path) {
  const [place, search = ''] = path.replace(/^\/+/, '').split('?');
  const parts = place.split('/').filter(Boolean);
  const values = new URLSearchParams(search);
  if (!parts.length) return;
  if (parts[0].startsWith('$') || parts[0] === 'invoice') {
    await paySlug(pane, parts[0].startsWith('$') ? parts[0].slice(1) : parts[1]);
    return;
  }
  if (parts[0] === 'c') {
    openMessage(pane, parts.slice(1).map(Number));
    return;
  }
  const bot = await findBot(pane, parts[0]);
  const row = bot && pane.rows.find((one) => one.bot === bot.id);
  if (!row) {
    pane.dialogs.toast(t('unknownBot', { name: parts[0] }));
    return;
  }
  pane.app.close();
  pane.openRow(row, { start: values.has('start') ? values.get('start') : null });
  const button = row.menu_button;
  if ((values.has('startapp') || parts[1]) && button?.type === 'web_app') {
    await pane.app.open({
      bot: bot.id,
      url: button.web_app.url,
      from: 'link',
      start: values.get('startapp') || undefined,
    });
  }
}

/** A bot by its username; one that came just now is looked up. */
async function findBot(pane, username) {
  if (!pane.desk.botNamed(username)) {
    await pane.desk.load();
    await pane.readChats();
  }
  return pane.desk.botNamed(username);
}

/** https://t.me/c/<group without -100>/<topic>/<message>, or without the topic. */
function openMessage(pane, [group, ...rest]) {
  const row = pane.rows.find((one) => String(one.chat.id) === `-100${group}` || one.chat.id === -group);
  if (!row) return;
  const topic = row.chat.is_forum ? rest[0] : undefined;
  pane.openRow(row);
  if (topic) pane.openPlace({ key: pane.open.key, topic });
}
