import type { Catalogue, Me, Spread } from '@/api/types';
import { useCatalogue, useMe } from '@/api/queries';
import { useRouter } from '@/app/router';
import { useTranslation } from '@/i18n';
import { Icon } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorState, Skeleton } from '@/ui/State';
import { CardBack } from '../cards/Card';
import { Bell } from '../notifications/Bell';
import { subscriptionPays } from '../shop/offers';
import { MiniLayout } from '../table/MiniLayout';
import styles from './Home.module.css';
import { Resume } from './Resume';

export function Home() {
  const { t } = useTranslation();
  const catalogue = useCatalogue();
  const me = useMe();

  if (catalogue.isPending) {
    return (
      <Screen title={t('nav.home')} tabbed bare>
        <HomeSkeleton />
      </Screen>
    );
  }
  if (!catalogue.data) {
    return (
      <Screen title={t('nav.home')} tabbed bare>
        <ErrorState error={catalogue.error} onRetry={() => void catalogue.refetch()} />
      </Screen>
    );
  }
  const [first, ...others] = catalogue.data.spreads;
  return (
    <Screen title={t('nav.home')} tabbed bare>
      <Hero catalogue={catalogue.data} me={me.data} />
      {me.data?.unfinished_reading ? <Resume id={me.data.unfinished_reading} /> : null}
      {first ? <Lead spread={first} back={catalogue.data.decks[0]?.back ?? null} /> : <p>{t('home.empty')}</p>}
      {others.length > 0 ? <h2 className={styles.section}>{t('home.spreads')}</h2> : null}
      <ul className={styles.list}>
        {others.map((spread) => (
          <li key={spread.key}>
            <SpreadCard spread={spread} />
          </li>
        ))}
      </ul>
    </Screen>
  );
}

function Hero({ catalogue, me }: { catalogue: Catalogue; me: Me | undefined }) {
  const { t } = useTranslation();
  const { project } = catalogue;
  const name = me?.user.first_name;
  return (
    <header className={styles.hero}>
      <div className={styles.top}>
        <div className={styles.brand}>
          {project.logo ? <img className={styles.logo} src={project.logo.src} alt="" width={34} height={34} /> : null}
          {project.name}
        </div>
        <div className={styles.tools}>
          <Bell />
          <Balance me={me} />
        </div>
      </div>
      <h1 className={styles.title}>{name ? t('home.greeting', { name }) : t('home.greeting_nameless')}</h1>
      <p className={styles.tagline}>{project.tagline}</p>
      {project.cover ? (
        <img
          className={styles.cover}
          src={project.cover.src}
          srcSet={project.cover.sizes.map((size) => `${size.src} ${size.width}w`).join(', ')}
          sizes="min(100vw, 560px)"
          alt={project.cover.alt ?? ''}
        />
      ) : null}
    </header>
  );
}

function Balance({ me }: { me: Me | undefined }) {
  const { t } = useTranslation();
  const router = useRouter();
  const available = me?.wallet.readings.available;
  const unlimited = subscriptionPays(me);
  const words = unlimited ? t('subscription.title') : available === undefined ? '' : t('count.readings', { count: available });
  return (
    <button
      type="button"
      className={styles.balance}
      aria-label={`${t('home.balance')}: ${words}`}
      onClick={() => router.go({ name: 'packages' })}
    >
      <Icon name="spark" size={17} />
      <span style={{ minWidth: '1ch' }}>{unlimited ? '∞' : (available ?? '·')}</span>
    </button>
  );
}

/** The first spread of the project's own order gets the stage. */
function Lead({ spread, back }: { spread: Spread; back: Catalogue['decks'][number]['back'] }) {
  const { t } = useTranslation();
  const router = useRouter();
  return (
    <button type="button" className={styles.lead} onClick={() => router.go({ name: 'spread', key: spread.key })}>
      <span className={styles.lead_words}>
        <h2>{spread.name}</h2>
        <span className={styles.lead_text}>{spread.description}</span>
        <span className={styles.lead_action}>{t('home.choose')}</span>
      </span>
      <span className={styles.lead_cards} aria-hidden="true">
        <span className={styles.lead_card}>
          <CardBack picture={back} width={91} />
        </span>
        <span className={styles.lead_card}>
          <CardBack picture={back} width={91} />
        </span>
      </span>
    </button>
  );
}

function SpreadCard({ spread }: { spread: Spread }) {
  const { t } = useTranslation();
  const router = useRouter();
  return (
    <button type="button" className={styles.spread} onClick={() => router.go({ name: 'spread', key: spread.key })}>
      <span className={styles.preview}>
        <MiniLayout positions={spread.positions} width={88} height={96} />
      </span>
      <span className={styles.words}>
        <h3>{spread.name}</h3>
        <span className={styles.text}>{spread.description}</span>
        <span className={styles.meta}>
          <span className={styles.cost}>{t('count.readings', { count: spread.cost })}</span>
          <span aria-hidden="true">·</span>
          <span>{t('count.cards', { count: spread.positions.length })}</span>
        </span>
      </span>
    </button>
  );
}

function HomeSkeleton() {
  const { t } = useTranslation();
  return (
    <div className={styles.list} role="status" aria-label={t('app.loading')}>
      <Skeleton height={44} />
      <Skeleton height={92} width="70%" />
      <Skeleton height={200} />
      <Skeleton height={136} />
      <Skeleton height={136} />
    </div>
  );
}
