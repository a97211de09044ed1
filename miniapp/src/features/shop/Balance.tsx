import type { Me } from '@/api/types';
import { useRouter } from '@/app/router';
import { useTranslation } from '@/i18n';
import { Icon } from '@/ui/Icon';
import styles from './Balance.module.css';

/** What a person still has, what of it runs out when, and what is taken first. */
export function Balance({ me }: { me: Me }) {
  const { t, date } = useTranslation();
  const { readings, follow_ups: followUps } = me.wallet;
  const expiring = [
    ...readings.expiring.map((lot) => ({ ...lot, words: t('count.readings', { count: lot.amount }) })),
    ...followUps.expiring.map((lot) => ({ ...lot, words: t('count.follow_ups', { count: lot.amount }) })),
  ].sort((one, other) => one.expires_at.localeCompare(other.expires_at));
  const first = readings.used_first;
  return (
    <>
      <dl className={styles.balances}>
        <div className={styles.balance}>
          <dt>{t('profile.readings')}</dt>
          <dd>{readings.available}</dd>
        </div>
        <div className={styles.balance}>
          <dt>{t('profile.follow_ups')}</dt>
          <dd>{followUps.available}</dd>
        </div>
      </dl>
      {me.subscription ? <SubscriptionRow subscription={me.subscription} /> : null}
      {expiring.length > 0 ? (
        <ul className={styles.expiring}>
          {expiring.map((lot) => (
            <li key={`${lot.words} ${lot.expires_at}`}>
              <Icon name="history" size={15} />
              {t('balance.expiring', { what: lot.words, date: date(lot.expires_at) })}
            </li>
          ))}
        </ul>
      ) : null}
      {first === 'subscription' && readings.available > 0 ? <p className={styles.first}>{t('balance.first_subscription')}</p> : null}
      {first === 'expiring' ? <p className={styles.first}>{t('balance.first_expiring')}</p> : null}
    </>
  );
}

function SubscriptionRow({ subscription }: { subscription: NonNullable<Me['subscription']> }) {
  const { t, date } = useTranslation();
  const router = useRouter();
  const { fair_use: fairUse } = subscription;
  return (
    <button type="button" className={styles.subscription} onClick={() => router.go({ name: 'subscription' })}>
      <span>
        <span className={styles.name}>{subscription.package.name}</span>
        <span className={styles.until}>
          {subscription.state === 'grace' ? t('subscription.grace_short') : t('subscription.until', { date: date(subscription.until) })}
          {fairUse ? ` · ${t('subscription.today', { left: fairUse.left, limit: fairUse.limit })}` : ''}
        </span>
      </span>
      <Icon name="chevron" size={18} />
    </button>
  );
}
