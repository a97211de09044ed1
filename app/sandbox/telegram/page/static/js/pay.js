/** Invoices: the sheet with the price, and what became of the payment. */

import * as api from './api.js';
import { actions, dialogHead } from './dialogs.js';
import { h } from './dom.js';
import { amountOf, t } from './i18n.js';

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
  const agreed = await pane.dialogs.show(
    (close) => [
      dialogHead(bot?.name ?? t('invoice'), close),
      h(
        'div',
        { class: 'pay' },
        invoice.photo_url ? h('img', { class: 'pay-photo', src: invoice.photo_url, alt: '' }) : h('span', { class: 'pay-star', 'aria-hidden': 'true' }, '⭐'),
        h('h3', {}, invoice.title),
        h('p', { class: 'dialog-text' }, invoice.description),
        invoice.subscription_period && h('p', { class: 'pay-note' }, t('everyMonth')),
        h('p', { class: 'pay-note' }, t('payOnce')),
      ),
      actions([
        [t('cancel'), () => close(), ''],
        [t('pay', { amount }), () => close(true), 'primary'],
      ]),
    ],
    { label: t('invoice'), kind: 'sheet' },
  );
  if (!agreed) return 'cancelled';
  const outcome = await pane.dialogs.attempt(() => api.pay({ user: pane.person.id, ...target }));
  if (!outcome) return 'failed';
  if (outcome.status === 'paid') pane.dialogs.toast(`⭐ ${t('paidToast')}`);
  else await pane.dialogs.alert(outcome.error ?? outcome.error_message ?? t('payFailed'), { title: t('payFailed') });
  return outcome.status ?? 'failed';
}
