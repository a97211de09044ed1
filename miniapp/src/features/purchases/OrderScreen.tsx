import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { ApiError } from '@/api/errors';
import type { Order } from '@/api/types';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { type MessageKey, useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Icon, type IconName } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorState, Skeleton, State, useOnline } from '@/ui/State';
import { refreshAfterPurchase } from '../shop/queries';
import { begunRoute, useBegun } from '../shop/useBegun';
import { Given } from './Given';
import styles from './Order.module.css';
import { PayAgain } from './PayAgain';
import { useOrder, useWay } from './queries';
import { Receipt } from './Receipt';
import { type Stage, stageOf } from './stage';

const LOOKS: Readonly<Record<Stage, { icon: IconName; title: MessageKey }>> = {
  waiting: { icon: 'history', title: 'order.waiting_title' },
  unpaid: { icon: 'moon', title: 'order.unpaid_title' },
  failed: { icon: 'moon', title: 'order.failed_title' },
  expired: { icon: 'history', title: 'order.expired_title' },
  canceled: { icon: 'close', title: 'order.canceled_title' },
  paid: { icon: 'check', title: 'order.paid_title' },
  partly: { icon: 'undo', title: 'order.partly_title' },
  refunded: { icon: 'undo', title: 'order.refunded_title' },
};

const FAILURES: Readonly<Record<string, MessageKey>> = {
  declined: 'order.failed_declined',
  canceled: 'order.failed_canceled',
  expired: 'order.failed_expired',
};

/** What became of an order: it can be left while it is being paid, and come back to. */
export default function OrderScreen({ id }: { id: string }) {
  const { t } = useTranslation();
  const router = useRouter();
  const order = useOrder(id);
  const way = useWay(id);
  useRefresh(order.data);

  if (order.data) return <Shown order={order.data} stage={stageOf(order.data, way)} />;
  if (order.error instanceof ApiError && order.error.status < 500) {
    return (
      <Screen title={t('orders.title')}>
        <State icon="moon" title={t('order.not_found_title')} text={t('order.not_found')}>
          <Button look="secondary" onClick={() => router.go({ name: 'orders' }, { replace: true })}>
            {t('orders.title')}
          </Button>
        </State>
      </Screen>
    );
  }
  return (
    <Screen title={t('orders.title')}>
      {order.isError ? (
        <ErrorState error={order.error} onRetry={() => void order.refetch()} />
      ) : (
        <div role="status" aria-label={t('app.loading')}>
          <Skeleton height={240} />
        </div>
      )}
    </Screen>
  );
}

/** When the order is paid before the person's eyes, the balance and the lists follow. */
function useRefresh(order: Order | undefined): void {
  const client = useQueryClient();
  const { platform } = useServices();
  const before = useRef<Order['state'] | null>(null);
  const state = order?.state;
  useEffect(() => {
    if (!state) return;
    if (before.current !== state) {
      // Also at the first look: back from the provider's page, the app knows nothing of it yet.
      if (state !== 'pending') refreshAfterPurchase(client);
      if (before.current === 'pending' && state === 'paid') platform.haptic('success');
    }
    before.current = state;
  }, [state, client, platform]);
}

function Shown({ order, stage }: { order: Order; stage: Stage }) {
  const { t } = useTranslation();
  const { icon, title } = LOOKS[stage];
  const heading = stage === 'paid' ? paidTitle(order) : title;
  return (
    <Screen title={t(heading)} foot={<Actions order={order} stage={stage} />}>
      <div className={styles.head} role="status" data-stage={stage}>
        <div className={styles.emblem} data-stage={stage}>
          <Icon name={icon} size={32} />
        </div>
        <h1>{t(heading)}</h1>
        <Words order={order} stage={stage} />
      </div>
      {stage === 'paid' || (stage === 'partly' && order.kind === 'gift') ? <Given order={order} /> : null}
      <Receipt order={order} />
    </Screen>
  );
}

const paidTitle = (order: Order): MessageKey =>
  order.kind === 'gift' ? 'order.gift_title' : order.kind === 'trial' ? 'order.trial_title' : order.total === 0 ? 'order.free_title' : 'order.paid_title';

function Words({ order, stage }: { order: Order; stage: Stage }) {
  const { t, money } = useTranslation();
  const online = useOnline();
  switch (stage) {
    case 'waiting':
      return <p>{online ? t('order.waiting') : t('order.offline')}</p>;
    case 'unpaid':
      return <p>{t('order.unpaid')}</p>;
    case 'failed':
      return <p>{t(FAILURES[order.payment?.failure ?? ''] ?? 'order.failed')}</p>;
    case 'expired':
      return <p>{t('order.expired')}</p>;
    case 'canceled':
      return <p>{t('order.canceled')}</p>;
    case 'partly':
    case 'refunded':
      return <p>{t('order.refunded', { sum: money(order.refunded_amount || order.total, order.currency) })}</p>;
    case 'paid':
      return null;
  }
}

function Actions({ order, stage }: { order: Order; stage: Stage }) {
  const { t } = useTranslation();
  const router = useRouter();
  const store = useBegun();
  if (stage === 'waiting' || stage === 'unpaid' || stage === 'failed') return <PayAgain order={order} stage={stage} />;
  if (stage !== 'paid' && stage !== 'partly') {
    return (
      <Button wide onClick={() => router.go({ name: 'checkout', key: order.package.key }, { replace: true })}>
        {t('order.anew')}
      </Button>
    );
  }
  const begun = order.kind === 'gift' ? null : store.read();
  return begun ? (
    <Button wide onClick={() => router.go(begunRoute(begun), { replace: true, upward: true })}>
      {t('shop.go_on')}
    </Button>
  ) : (
    <Button wide look={order.kind === 'gift' ? 'secondary' : 'primary'} onClick={() => router.go({ name: 'home' })}>
      {t('action.home')}
    </Button>
  );
}

