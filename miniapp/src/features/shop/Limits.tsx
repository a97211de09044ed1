import type { Offer, Price } from '@/api/types';
import { useTranslation } from '@/i18n';
import styles from './Checkout.module.css';
import { providerKey } from './providers';

/** Why some way to pay is not among those offered: it takes no such sum. */
export function Limits({ offer }: { offer: Offer }) {
  const { t, money } = useTranslation();
  return offer.refused.map(({ provider, reason, limit, currency }) => (
    <p key={provider} className={styles.hint}>
      {t(reason === 'below_minimum' ? 'checkout.takes_from' : 'checkout.takes_up_to', {
        provider: t(providerKey(provider)),
        sum: money(limit, currency),
      })}
    </p>
  ));
}

/** A subscription that does not renew when it is paid this way, and the ways in which it would. */
export function PaidOnce({ price, prices }: { price: Price; prices: readonly Price[] }) {
  const { t } = useTranslation();
  const others = prices.filter(({ renews }) => renews).map(({ provider }) => t(providerKey(provider)));
  return (
    <p className={styles.hint} role="status">
      {t('checkout.paid_once', { provider: t(providerKey(price.provider)) })}
      {others.length > 0 ? ` ${t('checkout.renewing_ways', { providers: others.join(', ') })}` : null}
    </p>
  );
}
