import { useCatalogue, useMe } from '@/api/queries';
import type { Package } from '@/api/types';
import { useTranslation } from '@/i18n';
import { Icon } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorState, Skeleton } from '@/ui/State';
import styles from './Packages.module.css';

/** The balance and what will be on sale. Prices follow the store within three seconds while this is on the screen. */
export default function Packages() {
  const { t } = useTranslation();
  const catalogue = useCatalogue({ fast: true });
  const me = useMe();
  const wallet = me.data?.wallet;
  const title = wallet?.readings.available === 0 ? t('packages.empty_title') : t('packages.title');

  return (
    <Screen title={title}>
      <h1>{title}</h1>
      <p className={styles.lead}>{t('packages.lead')}</p>
      {wallet ? (
        <p className={styles.balance}>
          {t('packages.balance', {
            readings: t('count.readings', { count: wallet.readings.available }),
            follow_ups: t('count.follow_ups', { count: wallet.follow_ups.available }),
          })}
        </p>
      ) : null}
      {catalogue.isPending ? <Skeleton height={160} /> : null}
      {catalogue.isError && !catalogue.data ? (
        <ErrorState error={catalogue.error} onRetry={() => void catalogue.refetch()} />
      ) : null}
      {catalogue.data ? (
        <>
          <h2 className={styles.section}>{t('packages.soon')}</h2>
          {catalogue.data.packages.length === 0 ? <p className={styles.lead}>{t('packages.none')}</p> : null}
          <ul className={styles.list}>
            {catalogue.data.packages.map((item) => (
              <PackageCard key={item.key} item={item} />
            ))}
          </ul>
          <h2 className={styles.section}>{t('packages.how')}</h2>
          <ul className={styles.how}>
            <How text={t('packages.how_free', { count: catalogue.data.project.free_readings })} />
            {catalogue.data.project.free_follow_ups > 0 ? (
              <How text={t('packages.how_follow', { count: catalogue.data.project.free_follow_ups })} />
            ) : null}
            <How text={t('packages.how_failed')} />
          </ul>
        </>
      ) : null}
    </Screen>
  );
}

function How({ text }: { text: string }) {
  return (
    <li>
      <Icon name="spark" size={16} />
      {text}
    </li>
  );
}

function PackageCard({ item }: { item: Package }) {
  const { t, money } = useTranslation();
  const contents = [
    item.kind === 'subscription' ? t('packages.subscription') : null,
    item.kind !== 'subscription' && item.readings > 0 ? t('count.readings', { count: item.readings }) : null,
    item.follow_ups > 0 ? t('count.follow_ups', { count: item.follow_ups }) : null,
  ];
  return (
    <li className={styles.package}>
      <div className={styles.top}>
        <h3>{item.name}</h3>
        {item.badge ? <span className={styles.badge}>{item.badge}</span> : null}
      </div>
      <p className={styles.text}>{item.description}</p>
      <p className={styles.contents}>{contents.filter(Boolean).join(' + ')}</p>
      {item.price || item.stars ? (
        <div className={styles.prices}>
          {item.price ? <span className={styles.price}>{money(item.price.amount, item.price.currency)}</span> : null}
          {item.price?.regular ? (
            <s className={styles.regular}>
              <span className="visually-hidden">{t('packages.was', { price: '' })}</span>
              {money(item.price.regular, item.price.currency)}
            </s>
          ) : null}
          {item.stars ? (
            <span className={styles.stars}>
              <Icon name="star" size={18} />
              {t('packages.stars', { count: item.stars })}
            </span>
          ) : null}
        </div>
      ) : null}
    </li>
  );
}
