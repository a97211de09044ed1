import { useCatalogue, useMe } from '@/api/queries';
import type { Catalogue, Spread } from '@/api/types';
import { useRouter } from '@/app/router';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { classes } from '@/ui/classes';
import { Screen } from '@/ui/Screen';
import { ErrorState, Skeleton, State } from '@/ui/State';
import { subscriptionPays } from '../shop/offers';
import { useBegun } from '../shop/useBegun';
import { MiniLayout } from '../table/MiniLayout';
import styles from './SpreadScreen.module.css';

export function SpreadScreen({ spreadKey }: { spreadKey: string }) {
  const { t } = useTranslation();
  const router = useRouter();
  const catalogue = useCatalogue();

  if (catalogue.isPending) {
    return (
      <Screen title={t('nav.home')}>
        <Skeleton height={320} />
      </Screen>
    );
  }
  if (!catalogue.data) {
    return (
      <Screen title={t('nav.home')}>
        <ErrorState error={catalogue.error} onRetry={() => void catalogue.refetch()} />
      </Screen>
    );
  }
  const spread = catalogue.data.spreads.find(({ key }) => key === spreadKey);
  if (!spread) {
    return (
      <Screen title={t('nav.home')}>
        <State icon="spreads" title={t('error.not_found_title')} text={t('spread.not_found')}>
          <Button look="secondary" onClick={() => router.go({ name: 'home' }, { replace: true })}>
            {t('action.home')}
          </Button>
        </State>
      </Screen>
    );
  }
  return <SpreadDetails spread={spread} catalogue={catalogue.data} />;
}

function SpreadDetails({ spread, catalogue }: { spread: Spread; catalogue: Catalogue }) {
  const { t } = useTranslation();
  const router = useRouter();
  const me = useMe();
  const begun = useBegun();
  const short = me.data !== undefined && me.data.wallet.readings.available < spread.cost && !subscriptionPays(me.data);
  const width = Math.min(window.innerWidth, 560) - 40;

  return (
    <Screen
      title={spread.name}
      foot={
        short ? (
          <>
            <p className={styles.short}>
              {t('packages.need', {
                required: t('count.readings', { count: spread.cost }),
                available: t('count.readings', { count: me.data.wallet.readings.available }),
              })}
            </p>
            <Button
              wide
              onClick={() => {
                begun.keep({ spread: spread.key, words: '' });
                router.go({ name: 'packages' });
              }}
            >
              {t('profile.packages')}
            </Button>
          </>
        ) : (
          <Button wide onClick={() => router.go({ name: 'question', key: spread.key })}>
            {t('spread.start')}
          </Button>
        )
      }
    >
      <h1>{spread.name}</h1>
      <p className={styles.description}>{spread.description}</p>
      <div className={styles.facts}>
        <span className={classes(styles.fact, styles.strong)}>{t('count.readings', { count: spread.cost })}</span>
        <span className={styles.fact}>{t('count.cards', { count: spread.positions.length })}</span>
        {spread.cards === 'major' ? <span className={styles.fact}>{t('spread.major')}</span> : null}
        {catalogue.decks[0] ? (
          <span className={styles.fact}>
            {t('spread.deck')}: {catalogue.decks[0].name}
          </span>
        ) : null}
      </div>
      <figure className={styles.table} role="img" aria-label={t('spread.layout')}>
        <MiniLayout positions={spread.positions} width={Math.min(width, 320)} height={236} numbered />
      </figure>
      <h2>{t('spread.positions')}</h2>
      <ol className={styles.positions}>
        {spread.positions.map((position, index) => (
          <li key={position.key} className={styles.position}>
            <span className={styles.number} aria-hidden="true">
              {index + 1}
            </span>
            <div>
              <div className={styles.name}>{position.name}</div>
              <p className={styles.meaning}>{position.meaning}</p>
            </div>
          </li>
        ))}
      </ol>
    </Screen>
  );
}
