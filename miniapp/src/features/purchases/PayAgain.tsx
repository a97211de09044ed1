import { useState } from 'react';
import { isCode } from '@/api/errors';
import type { Order, Price } from '@/api/types';
import { useRouter } from '@/app/router';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Confirm } from '@/ui/Sheet';
import { ErrorNote } from '@/ui/State';
import { providerKey } from '../shop/providers';
import { useShop } from '../shop/queries';
import styles from './Order.module.css';
import { useCancelOrder, useOpenPayment, usePayAgain } from './queries';
import type { Stage } from './stage';

/** An order that is not paid yet: once more, another way, or not at all. */
export function PayAgain({ order, stage }: { order: Order; stage: Stage }) {
  const { t, money } = useTranslation();
  const router = useRouter();
  const shop = useShop(null);
  const pay = usePayAgain(order.id);
  const open = useOpenPayment();
  const cancel = useCancelOrder(order.id);
  const [asking, setAsking] = useState(false);
  const [more, setMore] = useState(false);
  const prices = shop.data?.items.find((item) => item.package === order.package.key)?.prices ?? [];
  const last = order.payment?.provider;
  // What was agreed holds for this order; for another currency, or an address for the receipt, a new one is made.
  const needs = shop.data?.contact_for ?? [];
  const fits = ({ provider, currency }: Price) => currency === order.currency && !needs.includes(provider);
  const others = prices.filter((price) => price.provider !== last && fits(price));
  const elsewhere = prices.some((price) => price.provider !== last && !fits(price));
  const ways = others.length;
  const known = last ?? prices.find(({ currency }) => currency === order.currency)?.provider;

  const away = isCode(pay.error, 'provider_away') || isCode(pay.error, 'provider_refused');

  function start(provider: string): void {
    pay.mutate(provider, { onSuccess: (placed) => open(placed.order.id, placed.payment) });
  }

  return (
    <div className={styles.actions}>
      {pay.isError ? (
        <ErrorNote error={pay.error} instead={away ? t('checkout.provider_away') : null} />
      ) : null}
      {known ? (
        <Button
          wide
          look={stage === 'waiting' ? 'secondary' : 'primary'}
          busy={pay.isPending && pay.variables === known}
          disabled={pay.isPending}
          onClick={() => start(known)}
        >
          {stage === 'failed'
            ? t('order.again')
            : stage === 'waiting'
              ? t('order.back_to_payment')
              : t('checkout.pay', { sum: money(order.total, order.currency) })}
        </Button>
      ) : null}
      {ways > 0 && !more ? (
        <Button wide look="secondary" onClick={() => setMore(true)}>
          {t('order.elsewhere')}
        </Button>
      ) : null}
      {(more ? others : []).map(({ provider }) => (
        <Button
          key={provider}
          wide
          look="secondary"
          busy={pay.isPending && pay.variables === provider}
          disabled={pay.isPending}
          onClick={() => start(provider)}
        >
          {t(providerKey(provider))}
        </Button>
      ))}
      {elsewhere && (more || ways === 0) ? (
        <Button wide look="secondary" onClick={() => router.go({ name: 'checkout', key: order.package.key }, { replace: true })}>
          {t(ways === 0 ? 'order.elsewhere' : 'order.anew')}
        </Button>
      ) : null}
      <Button wide look="quiet" onClick={() => setAsking(true)}>
        {t('order.cancel')}
      </Button>
      {asking ? (
        <Confirm
          title={t('order.cancel_title')}
          text={<p className={styles.words}>{t('order.cancel_text')}</p>}
          action={t('order.cancel')}
          busy={cancel.isPending}
          error={cancel.isError && !isCode(cancel.error, 'order_not_payable') ? <ErrorNote error={cancel.error} /> : null}
          onConfirm={() => cancel.mutate(undefined, { onSettled: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </div>
  );
}
