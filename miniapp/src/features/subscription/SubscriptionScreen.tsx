import { useState } from 'react';
import { isCode } from '@/api/errors';
import type { Subscription } from '@/api/types';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Screen } from '@/ui/Screen';
import { Confirm } from '@/ui/Sheet';
import { ErrorNote, ErrorState, Skeleton, State } from '@/ui/State';
import { providerKey } from '../shop/providers';
import { useChangeSubscription, usePortal, useSubscription } from './queries';
import styles from './Subscription.module.css';

/** The running subscription: until when, what it gives today, and what can be done with it. */
export default function SubscriptionScreen() {
  const { t } = useTranslation();
  const router = useRouter();
  const known = useSubscription();
  const subscription = known.data?.subscription;
  return (
    <Screen title={t('subscription.title')}>
      {subscription ? <Details subscription={subscription} /> : null}
      {known.data && !subscription ? (
        <State icon="moon" title={t('subscription.none_title')} text={t('subscription.none')}>
          <Button onClick={() => router.go({ name: 'packages' }, { replace: true })}>{t('shop.to_shop')}</Button>
        </State>
      ) : null}
      {known.isPending ? (
        <div role="status" aria-label={t('app.loading')}>
          <Skeleton height={240} />
        </div>
      ) : null}
      {known.isError && !known.data ? <ErrorState error={known.error} onRetry={() => void known.refetch()} /> : null}
    </Screen>
  );
}

function Details({ subscription }: { subscription: Subscription }) {
  const { t, date, money } = useTranslation();
  const { platform } = useServices();
  const router = useRouter();
  const change = useChangeSubscription();
  const portal = usePortal();
  const [asking, setAsking] = useState(false);
  const { package: bought, state, until, renews, trial, price, period, fair_use: fairUse, actions, unpaid_order: unpaid } = subscription;
  const failed = change.error ?? portal.error;
  // With some providers the person has to switch the renewal on himself as well.
  const halfResumed = change.isSuccess && change.variables === 'resume' && !renews;
  const away = isCode(failed, 'provider_away') || isCode(failed, 'provider_refused');

  return (
    <>
      <h1>{bought.name}</h1>
      <p className={styles.state} role="status" data-state={state}>
        {state === 'grace' ? graceWords() : stateWords()}
      </p>
      <dl className={styles.facts}>
        <Fact name={t(state === 'grace' ? 'subscription.ended_label' : 'subscription.until_label')} value={date(until)} />
        {renews ? (
          <Fact
            name={t('subscription.price')}
            value={t(period === 'year' ? 'subscription.per_year' : 'subscription.per_month', { sum: money(price.amount, price.currency) })}
          />
        ) : null}
        {subscription.provider ? <Fact name={t('receipt.provider')} value={t(providerKey(subscription.provider))} /> : null}
      </dl>
      {fairUse ? (
        <section className={styles.today}>
          <h2>{t('subscription.today_title')}</h2>
          <div
            className={styles.meter}
            role="meter"
            aria-label={t('subscription.today_title')}
            aria-valuemin={0}
            aria-valuemax={fairUse.limit}
            aria-valuenow={fairUse.left}
          >
            <span style={{ width: `${(100 * fairUse.left) / fairUse.limit}%` }} />
          </div>
          <p className={styles.words}>
            {t('subscription.today', { left: fairUse.left, limit: fairUse.limit })}
            {fairUse.free_at ? `. ${t('subscription.free_at', { time: date(fairUse.free_at, 'short') })}` : ''}
          </p>
        </section>
      ) : null}
      <div className={styles.actions}>
        {failed ? <ErrorNote error={failed} instead={away ? t('subscription.provider_away') : null} /> : null}
        {halfResumed ? (
          <p className={styles.words} role="status">
            {t('subscription.resume_there')}
          </p>
        ) : null}
        {actions.includes('resume') && !halfResumed ? (
          <Button wide busy={change.isPending} onClick={() => change.mutate('resume', { onSuccess: () => platform.haptic('success') })}>
            {t('subscription.resume')}
          </Button>
        ) : null}
        {unpaid ? (
          <Button wide onClick={() => router.go({ name: 'order', id: unpaid })}>
            {t('subscription.pay_now', { sum: money(price.amount, price.currency) })}
          </Button>
        ) : null}
        {actions.includes('portal') ? (
          <Button wide look={state === 'grace' && !unpaid ? 'primary' : 'secondary'} busy={portal.isPending} onClick={() => portal.mutate()}>
            {t('subscription.portal')}
          </Button>
        ) : null}
        <Button wide look="secondary" onClick={() => router.go({ name: 'orders' })}>
          {t('orders.title')}
        </Button>
        {!renews && !actions.includes('resume') ? (
          <Button wide look="secondary" onClick={() => router.go({ name: 'packages' })}>
            {t('subscription.prolong')}
          </Button>
        ) : null}
        {actions.includes('cancel') ? (
          <Button wide look="quiet" onClick={() => setAsking(true)}>
            {t('subscription.cancel')}
          </Button>
        ) : null}
      </div>
      {asking ? (
        <Confirm
          title={t('subscription.cancel_title')}
          text={t('subscription.cancel_text', { date: date(until) })}
          action={t('subscription.cancel')}
          busy={change.isPending}
          error={change.isError ? <ErrorNote error={change.error} instead={away ? t('subscription.provider_away') : null} /> : null}
          onConfirm={() => change.mutate('cancel', { onSuccess: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </>
  );

  function graceWords(): string {
    const words = t('subscription.grace', { date: date(subscription.grace_until ?? until) });
    if (unpaid) return `${words} ${t('subscription.grace_pay')}`;
    return actions.includes('portal') ? `${words} ${t('subscription.grace_card')}` : words;
  }

  function stateWords(): string {
    if (renews) return t('subscription.renews', { date: date(until) });
    return t(trial ? 'subscription.trial' : 'subscription.ends', { date: date(until) });
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
