import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { isCode } from '@/api/errors';
import { keys, useCatalogue, useMe } from '@/api/queries';
import type { Me, Shop } from '@/api/types';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Choice, Toggle } from '@/ui/Choice';
import { Icon } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorState, Skeleton, State } from '@/ui/State';
import { useOpenPayment } from '../purchases/queries';
import styles from './Checkout.module.css';
import { ContactField } from './ContactField';
import { CouponField } from './CouponField';
import { Limits, PaidOnce } from './Limits';
import { contentsOf, forSale, type Sale, termsOf } from './offers';
import { providerKey } from './providers';
import { shopKeys, useCoupon, usePlaceOrder, useShop } from './queries';
import { Refusal } from './Refusal';
import { couponRefusal } from './refusals';
import { Sum } from './Sum';
import { type Choices, orderOf, termsOfWish } from './wish';

/** Where one package is bought: how, for whom, and for how much. */
export default function CheckoutScreen({ packageKey }: { packageKey: string }) {
  const { t } = useTranslation();
  const router = useRouter();
  const catalogue = useCatalogue({ fast: true });
  const [coupon] = useCoupon();
  const shop = useShop(coupon, catalogue.data);
  const me = useMe();
  const failed = [catalogue, shop].find((query) => query.isError && !query.data);

  if (failed) {
    return (
      <Screen title={t('packages.title')}>
        <ErrorState
          error={failed.error}
          onRetry={() => {
            void catalogue.refetch();
            void shop.refetch();
          }}
        />
      </Screen>
    );
  }
  if (!catalogue.data || !shop.data || !me.data) {
    return (
      <Screen title={t('packages.title')}>
        <div role="status" aria-label={t('app.loading')} className={styles.loading}>
          <Skeleton height={40} width="70%" />
          <Skeleton height={200} />
        </div>
      </Screen>
    );
  }
  const sale = forSale(catalogue.data, shop.data).find(({ item }) => item.key === packageKey);
  if (!sale) {
    return (
      <Screen title={t('packages.title')}>
        <State icon="moon" title={t('shop.gone_title')} text={t('shop.gone')}>
          <Button look="secondary" onClick={() => router.go({ name: 'packages' }, { replace: true })}>
            {t('shop.to_shop')}
          </Button>
        </State>
      </Screen>
    );
  }
  return <Checkout sale={sale} shop={shop.data} me={me.data} coupon={coupon} settled={!shop.isPlaceholderData} />;
}

interface CheckoutProps {
  sale: Sale;
  shop: Shop;
  me: Me;
  coupon: string | null;
  /** The prices are those of this coupon. */
  settled: boolean;
}

function Checkout({ sale, shop, me, coupon, settled }: CheckoutProps) {
  const translation = useTranslation();
  const { t, money } = translation;
  const { item, offer } = sale;
  const { platform } = useServices();
  const router = useRouter();
  const client = useQueryClient();
  const place = usePlaceOrder();
  const open = useOpenPayment();
  const [choices, setChoices] = useState<Choices>({ provider: null, gift: false, trial: offer.trial, renews: true, contact: shop.contact ?? '' });
  const [unclear, setUnclear] = useState(false);
  const contact = useRef<HTMLInputElement>(null);
  const terms = termsOfWish(sale, shop, me, choices);
  if (!terms) return null;
  const { mode, price, total } = terms;
  const noCoupon = couponRefusal(offer, translation);
  const change = (changes: Partial<Choices>): void => {
    setChoices({ ...choices, ...changes });
    setUnclear(false);
    place.reset();
  };

  function buy(): void {
    const order = terms && orderOf(sale, terms, choices, coupon);
    if (!order) {
      setUnclear(true);
      platform.haptic('warning');
      contact.current?.focus();
      return;
    }
    place.mutate(order, {
      onSuccess: (placed) => {
        // Back from the provider's page leads to the order, and back from there to the shop.
        router.go({ name: 'order', id: placed.order.id }, { replace: true });
        open(placed.order.id, placed.payment);
      },
      onError: (error) => {
        platform.haptic('warning');
        if (!isCode(error, 'provider_away')) void client.invalidateQueries({ queryKey: shopKeys.shop });
        if (isCode(error, 'already_subscribed')) void client.invalidateQueries({ queryKey: keys.me });
      },
    });
  }

  const subscribed = mode === 'subscribed';
  return (
    <Screen
      title={item.name}
      foot={
        <>
          {place.isError ? <Refusal error={place.error} onRetry={buy} /> : null}
          {subscribed ? (
            <>
              <p className={styles.note}>{t('checkout.subscribed')}</p>
              <Button wide look="secondary" onClick={() => router.go({ name: 'subscription' })}>
                {t('subscription.manage')}
              </Button>
            </>
          ) : (
            <>
              <Button wide busy={place.isPending} disabled={!settled} onClick={buy}>
                {total > 0 ? t('checkout.pay', { sum: money(total, price.currency) }) : t(mode === 'trial' ? 'checkout.start_trial' : 'checkout.take')}
              </Button>
              {mode === 'trial' ? <p className={styles.note}>{t('checkout.trial_note')}</p> : null}
            </>
          )}
        </>
      }
    >
      <h1>{item.name}</h1>
      {item.description ? <p className={styles.lead}>{item.description}</p> : null}
      <ul className={styles.contents}>
        {[...contentsOf(item, translation), ...termsOf(item, translation)].map((words) => (
          <li key={words}>
            <Icon name="check" size={18} />
            {words}
          </li>
        ))}
      </ul>
      <div className={styles.choices}>
        {offer.trial && item.trial_days && mode !== 'gift' && !subscribed ? (
          <Choice
            legend={t('checkout.begin')}
            options={[
              { value: 'trial', label: t('checkout.trial', { time: t('count.days', { count: item.trial_days }) }) },
              { value: 'buy', label: t('checkout.at_once') },
            ]}
            value={mode === 'trial' ? 'trial' : 'buy'}
            onChange={(value) => change({ trial: value === 'trial' })}
          />
        ) : null}
        {mode !== 'trial' && offer.prices.length > 1 && !subscribed ? (
          <Choice
            legend={t('checkout.way')}
            options={offer.prices.map(({ provider }) => ({ value: provider, label: t(providerKey(provider)) }))}
            value={price.provider}
            onChange={(provider) => change({ provider })}
          />
        ) : null}
        {mode !== 'trial' && !subscribed ? <Limits offer={offer} /> : null}
        {terms.paidOnce ? <PaidOnce price={price} prices={offer.prices} /> : null}
        {item.gift && mode !== 'trial' ? (
          <Toggle name={t('checkout.gift')} hint={t('checkout.gift_hint')} checked={choices.gift} onChange={(gift) => change({ gift })} />
        ) : null}
        {terms.mayRenew ? (
          <Toggle
            name={t('checkout.renews')}
            hint={t(price.discount > 0 ? 'checkout.renews_discount' : 'checkout.renews_hint', { sum: money(total, price.currency) })}
            checked={choices.renews}
            onChange={(renews) => change({ renews })}
          />
        ) : null}
        {terms.needsContact ? (
          <ContactField ref={contact} value={choices.contact} unclear={unclear} onChange={(words) => change({ contact: words })} />
        ) : null}
      </div>
      {mode === 'trial' || subscribed ? null : (
        <>
          <CouponField />
          {coupon && noCoupon ? (
            <p className={styles.note} role="status">
              {noCoupon}
            </p>
          ) : null}
          <Sum price={price} coupon={coupon} />
        </>
      )}
    </Screen>
  );
}
