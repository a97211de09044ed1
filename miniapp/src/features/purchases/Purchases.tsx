import type { Order } from '@/api/types';
import { useRouter } from '@/app/router';
import { type MessageKey, useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorNote, ErrorState, Skeleton, State } from '@/ui/State';
import styles from './Purchases.module.css';
import { useOrders } from './queries';

const STATES: Readonly<Record<Order['state'], MessageKey>> = {
  pending: 'orders.pending',
  paid: 'orders.paid',
  expired: 'orders.expired',
  canceled: 'orders.canceled',
  refunded: 'orders.refunded',
};

/** Everything that was bought, and what still waits to be paid. */
export default function Purchases() {
  const { t } = useTranslation();
  const router = useRouter();
  const orders = useOrders();
  const items = orders.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Screen title={t('orders.title')}>
      {orders.data && items.length === 0 ? (
        <State icon="star" title={t('orders.empty_title')} text={t('orders.empty')}>
          <Button onClick={() => router.go({ name: 'packages' })}>{t('shop.to_shop')}</Button>
        </State>
      ) : (
        <h1>{t('orders.title')}</h1>
      )}
      {orders.isPending ? (
        <div className={styles.list} role="status" aria-label={t('app.loading')}>
          <Skeleton height={76} />
          <Skeleton height={76} />
        </div>
      ) : null}
      {orders.isError && !orders.data ? <ErrorState error={orders.error} onRetry={() => void orders.refetch()} /> : null}
      <ul className={styles.list}>
        {items.map((order) => (
          <Row key={order.id} order={order} />
        ))}
      </ul>
      {orders.isFetchNextPageError ? <ErrorNote error={orders.error} onRetry={() => void orders.fetchNextPage()} /> : null}
      {orders.hasNextPage && !orders.isFetchNextPageError ? (
        <Button look="secondary" wide busy={orders.isFetchingNextPage} onClick={() => void orders.fetchNextPage()}>
          {t('notices.more')}
        </Button>
      ) : null}
    </Screen>
  );
}

function Row({ order }: { order: Order }) {
  const { t, date, money } = useTranslation();
  const router = useRouter();
  const partly = order.state === 'paid' && order.refunded_amount > 0;
  return (
    <li>
      <button type="button" className={styles.order} onClick={() => router.go({ name: 'order', id: order.id })}>
        <span className={styles.words}>
          <span className={styles.name}>
            {order.package.name}
            {order.kind === 'gift' ? ` · ${t('orders.gift')}` : order.kind === 'renewal' ? ` · ${t('orders.renewal')}` : ''}
          </span>
          <span className={styles.meta}>
            № {order.number} · {date(order.paid_at ?? order.created_at)}
          </span>
          <span className={styles.state} data-state={order.state}>
            {t(partly ? 'orders.partly_refunded' : STATES[order.state])}
          </span>
        </span>
        <span className={styles.sum}>{order.total > 0 ? money(order.total, order.currency) : t('orders.free')}</span>
        <Icon name="chevron" size={18} />
      </button>
    </li>
  );
}
