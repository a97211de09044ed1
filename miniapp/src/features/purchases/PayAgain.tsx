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
import { ReceiptSheet } from './ReceiptSheet';
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
  // Who is to be paid as soon as it is known where the receipt goes.
  const [receiptFor, setReceiptFor] = useState<string | null>(null);
  const prices = shop.data?.items.find((item) => item.package === order.package.key)?.prices ?? [];
  const last = order.payment?.provider;
  // What was agreed holds for this order; for another currency a new one is made.
  const needs = order.contact ? [] : (shop.data?.contact_for ?? []);
  const fits = ({ currency, minimum, maximum }: Price) =>
    currency === order.currency && order.total >= minimum && order.total <= (maximum ?? order.total);
  const others = prices.filter((price) => price.provider !== last && fits(price));
  const elsewhere = order.kind !== 'renewal' && prices.some(({ currency }) => currency !== order.currency);
  const ways = others.length;
  const known = last ?? prices.find(({ currency }) => currency === order.currency)?.provider;

  const away = isCode(pay.error, 'provider_away') || isCode(pay.error, 'provider_refused');

  function start(provider: string, contact?: string): void {
    if (needs.includes(provider) && !contact) {
      setReceiptFor(provider);
      return;
    }
    pay.mutate({ provider, contact: contact ?? null }, { onSuccess: (placed) => open(placed.order.id, placed.payment) });
  }

  return (
    <div className={styles.actions}>
      {pay.isError && !receiptFor ? (
        <ErrorNote error={pay.error} instead={away ? t('checkout.provider_away') : null} />
      ) : null}
      {known ? (
        <Button
          wide
          look={stage === 'waiting' ? 'secondary' : 'primary'}
          busy={pay.isPending && pay.variables.provider === known}
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
          busy={pay.isPending && pay.variables.provider === provider}
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
      {order.kind === 'renewal' ? null : (
        <Button wide look="quiet" onClick={() => setAsking(true)}>
          {t('order.cancel')}
        </Button>
      )}
      {receiptFor ? (
        <ReceiptSheet
          known={shop.data?.contact ?? ''}
          action={t('checkout.pay', { sum: money(order.total, order.currency) })}
          busy={pay.isPending}
          error={pay.isError ? <ErrorNote error={pay.error} instead={away ? t('checkout.provider_away') : null} /> : null}
          onContact={(contact) => start(receiptFor, contact)}
          onClose={() => setReceiptFor(null)}
        />
      ) : null}
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
