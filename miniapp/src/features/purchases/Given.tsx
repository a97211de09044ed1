import { useMe } from '@/api/queries';
import type { Order } from '@/api/types';
import { useTranslation } from '@/i18n';
import { Skeleton } from '@/ui/State';
import { GiftLink } from '../gift/GiftLink';
import { contentsOf } from '../shop/offers';
import styles from './Order.module.css';

/** What came of the money. */
export function Given({ order }: { order: Order }) {
  const translation = useTranslation();
  const { t, date } = translation;
  const me = useMe();
  const what = contentsOf(order.package, translation).join(' + ');
  if (order.kind === 'gift') return <GiftLink orderId={order.id} />;
  if (order.package.kind === 'subscription') {
    const subscription = me.data?.subscription;
    if (!subscription && me.isFetching) return <Skeleton height={44} />;
    return (
      <p className={styles.given}>
        {what}
        {subscription?.package.key === order.package.key ? (
          <span className={styles.until}>{t('subscription.until', { date: date(subscription.until) })}</span>
        ) : null}
      </p>
    );
  }
  return (
    <p className={styles.given}>
      {what}
      <span className={styles.until}>{t('order.given')}</span>
    </p>
  );
}
