import type { Order } from '@/api/types';
import { type MessageKey, useTranslation } from '@/i18n';
import { contentsOf } from '../shop/offers';
import { providerKey } from '../shop/providers';
import { Sum } from '../shop/Sum';
import styles from './Order.module.css';

type Units = Order['refunds'][number]['taken'];

const REFUNDS: Readonly<Record<Order['refunds'][number]['state'], MessageKey>> = {
  wanted: 'receipt.refund_wanted',
  sent: 'receipt.refund_wanted',
  done: 'receipt.refund_done',
  failed: 'receipt.refund_failed',
};

/** Number, date, what was bought, who took the money, the sum and how it came about, and what went back. */
export function Receipt({ order }: { order: Order }) {
  const translation = useTranslation();
  const { t, date, money } = translation;
  const paid = order.state === 'paid' || order.state === 'refunded';
  return (
    <section className={styles.receipt}>
      <h2>{t(paid ? 'receipt.title' : 'receipt.order')}</h2>
      <dl className={styles.facts}>
        <Fact name={t('receipt.number')} value={`№ ${order.number}`} />
        <Fact name={t('receipt.date')} value={date(order.paid_at ?? order.created_at, 'short')} />
        <Fact name={t('receipt.package')} value={order.package.name} />
        <Fact name={t('receipt.contents')} value={contentsOf(order.package, translation).join(' + ')} />
        {order.payment && order.total > 0 ? <Fact name={t('receipt.provider')} value={t(providerKey(order.payment.provider))} /> : null}
        {order.contact ? <Fact name={t(paid ? 'receipt.contact' : 'receipt.contact_later')} value={order.contact} /> : null}
      </dl>
      <Sum price={order} coupon={order.coupon} />
      {order.refunds.map((refund) => (
        <div key={refund.id} className={styles.refund}>
          <p>{t(REFUNDS[refund.state], { sum: money(refund.amount, refund.currency), date: date(refund.done_at ?? refund.created_at) })}</p>
          {units(refund.taken) ? <p className={styles.words}>{t('receipt.refund_taken', { what: units(refund.taken) })}</p> : null}
          {units(refund.owed) ? <p className={styles.words}>{t('receipt.refund_owed', { what: units(refund.owed) })}</p> : null}
        </div>
      ))}
    </section>
  );

  function units({ readings, follow_ups: followUps }: Units): string {
    return contentsOf({ kind: 'readings', readings, follow_ups: followUps, period: null }, translation).join(' + ');
  }
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
