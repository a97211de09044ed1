/** Invoices: the sheet with the price, and what became of the payment. */

import * as api from './api.js';
import { actions, dialogHead } from './dialogs.js';
import { fill, h } from './dom.js';
import { amountOf, knows, t } from './i18n.js';

/** Pays the invoice of a message in a chat. */
export const payMessage = (pane, message) =>
  pay(pane, { ...message.invoice, bot: message.from.id }, { bot: message.from.id, message_id: message.message_id });

/** Pays an invoice link; how it ended, as `invoice_closed` says it: paid, cancelled or failed. */
export async function paySlug(pane, slug) {
  const invoice = await pane.dialogs.attempt(() => api.invoice(slug));
  return invoice ? pay(pane, invoice, { bot: invoice.bot, link: slug }) : 'failed';
}

async function pay(pane, invoice, target) {
  const total = invoice.total_amount ?? (invoice.prices ?? []).reduce((sum, price) => sum + price.amount, 0);
  const amount = amountOf(total, invoice.currency ?? 'XTR');
  const bot = pane.desk.bots.get(invoice.bot);
  const outcome = await pane.dialogs.show(
    (close) => {
      const buy = async (event) => {
        // The bot is asked first and may take ten seconds.
        fill(event.currentTarget, h('span', { class: 'spinner small', role: 'status', 'aria-label': t('loading') }));
        event.currentTarget.disabled = true;
        close(
          (await pane.dialogs.attempt(() => api.pay({ user: pane.person.id, ...target }))) ?? {
            status: 'failed',
            told: true,
          },
        );
      };
      return [
        dialogHead(bot?.name ?? t('invoice'), close),
        h(
          'div',
          { class: 'pay' },
          invoice.photo_url
            ? h('img', { class: 'pay-photo', src: invoice.photo_url, alt: '' })
            : h('span', { class: 'pay-star', 'aria-hidden': 'true' }, '⭐'),
          h('h3', {}, invoice.title),
          h('p', { class: 'dialog-text' }, invoice.description),
          invoice.subscription_period && h('p', { class: 'pay-note' }, t('everyMonth')),
          h('p', { class: 'pay-note' }, t('payOnce')),
        ),
        actions([
          [t('cancel'), () => close(), ''],
          [t('pay', { amount }), buy, 'primary'],
        ]),
      ];
    },
    { label: t('invoice'), kind: 'sheet' },
  );
  if (!outcome) return 'cancelled';
  if (outcome.status === 'paid') pane.dialogs.toast(`⭐ ${t('paidToast')}`);
  else if (!outcome.told) await pane.dialogs.alert(reason(outcome.error), { title: t('payFailed') });
  return outcome.status;
}

/** Codes in words; what the bot itself said stays as it is. */
const reason = (error) => (knows(`pay_${error}`) ? t(`pay_${error}`) : (error ?? t('payFailed')));
