/** What the buttons of bots do when a person presses them. */

import * as api from './api.js';
import { chooseGroup } from './groups.js';
import { t } from './i18n.js';
import { openLink } from './links.js';
import { payMessage } from './pay.js';

/** A button under a message (core.telegram.org/bots/api#inlinekeyboardbutton). */
export async function pressInline(view, message, button, element) {
  const { pane, dialogs } = view;
  if (button.callback_data !== undefined) {
    await press(view, message, button, element);
  } else if (button.web_app) {
    await pane.app.open({ bot: message.from.id, url: button.web_app.url, from: 'inline' });
  } else if (button.pay) {
    await payMessage(pane, message);
  } else if (button.url || button.login_url) {
    await openLink(pane, button.url ?? button.login_url.url);
  } else if (button.copy_text) {
    await view.copy(button.copy_text.text);
  } else {
    dialogs.toast(t('inlineMissing'));
  }
}

async function press(view, message, button, element) {
  const { pane, dialogs } = view;
  element.classList.add('busy');
  element.setAttribute('aria-busy', 'true');
  try {
    const row = view.row();
    const answer = await dialogs.attempt(() =>
      api.press({
        ...(row.bot ? { bot: row.bot } : { bot: message.from.id, chat: row.chat.id }),
        user: pane.person.id,
        message_id: message.message_id,
        data: button.callback_data,
      }),
    );
    if (!answer) return;
    if (!answer.answered) dialogs.toast(t('pressing'));
    else if (answer.url) await openLink(pane, answer.url);
    else if (answer.text && answer.show_alert) await dialogs.alert(answer.text);
    else if (answer.text) dialogs.toast(answer.text);
  } finally {
    element.classList.remove('busy');
    element.removeAttribute('aria-busy');
  }
}

/** A key of a bot's keyboard (core.telegram.org/bots/api#keyboardbutton). */
export async function pressKey(view, button, { phone }) {
  const { pane, dialogs } = view;
  const row = view.row();
  const bot = pane.desk.bots.get(row.bot);
  const send = (more) =>
    dialogs.attempt(() => api.keyboard({ user: pane.person.id, bot: row.bot, text: button.text, ...more }));
  if (button.request_contact) {
    if (await dialogs.confirm(t('shareContact', { name: bot.name, phone }), { yes: t('share') }))
      await send({ contact: true, phone_number: phone });
  } else if (button.request_chat) {
    const chosen = await dialogs.attempt(() => chooseGroup(pane, bot, button.request_chat));
    if (chosen) await send({ chat_shared: { chat_id: chosen } });
  } else if (button.web_app) {
    await pane.app.open({ bot: row.bot, url: button.web_app.url, from: 'keyboard', text: button.text });
  } else if (button.request_location) {
    await view.say({ location: { latitude: 59.9398, longitude: 30.3146 } });
  } else {
    await send({});
  }
}
