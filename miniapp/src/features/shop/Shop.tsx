import { useCatalogue, useMe } from '@/api/queries';
import type { Catalogue } from '@/api/types';
import { useRouter } from '@/app/router';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorState, Skeleton } from '@/ui/State';
import { Balance } from './Balance';
import { CouponField } from './CouponField';
import { forSale, type Sale, subscriptionPays } from './offers';
import { PackageCard } from './PackageCard';
import { useCoupon, useShop } from './queries';
import styles from './Shop.module.css';
import { begunRoute, useBegun } from './useBegun';

/** What is for sale, with the balance above it. Prices follow the store within seconds while this is on the screen. */
export default function Shop() {
  const { t } = useTranslation();
  const router = useRouter();
  const catalogue = useCatalogue({ fast: true });
  const me = useMe();
  const [coupon] = useCoupon();
  const shop = useShop(coupon, catalogue.data);
  const begun = useBegun().read();
  const empty = me.data?.wallet.readings.available === 0 && !subscriptionPays(me.data);
  const title = empty ? t('packages.empty_title') : t('packages.title');
  const failed = [catalogue, shop].find((query) => query.isError && !query.data);

  return (
    <Screen title={title}>
      <h1>{title}</h1>
      {empty || begun ? <p className={styles.lead}>{t(begun ? 'shop.begun' : 'shop.empty')}</p> : null}
      {me.data ? (
        <section className={styles.balance}>
          <Balance me={me.data} />
        </section>
      ) : null}
      {begun && !empty ? (
        <Button look="secondary" wide onClick={() => router.go(begunRoute(begun))}>
          {t('shop.go_on')}
        </Button>
      ) : null}
      {failed ? (
        <ErrorState
          error={failed.error}
          onRetry={() => {
            void catalogue.refetch();
            void shop.refetch();
          }}
        />
      ) : catalogue.data && shop.data ? (
        <>
          <Sales sales={forSale(catalogue.data, shop.data)} />
          <Rules catalogue={catalogue.data} />
        </>
      ) : (
        <div className={styles.list} role="status" aria-label={t('app.loading')}>
          <Skeleton height={170} />
          <Skeleton height={170} />
        </div>
      )}
    </Screen>
  );
}

function Sales({ sales }: { sales: Sale[] }) {
  const { t } = useTranslation();
  const packages = sales.filter(({ item }) => item.kind !== 'subscription');
  const subscriptions = sales.filter(({ item }) => item.kind === 'subscription');
  if (sales.length === 0) return <p className={styles.lead}>{t('packages.none')}</p>;
  return (
    <>
      <CouponField />
      {packages.length > 0 ? <Group title={subscriptions.length > 0 ? t('shop.packages') : null} sales={packages} /> : null}
      {subscriptions.length > 0 ? <Group title={t('shop.subscriptions')} sales={subscriptions} /> : null}
    </>
  );
}

function Group({ title, sales }: { title: string | null; sales: Sale[] }) {
  return (
    <section>
      {title ? <h2 className={styles.section}>{title}</h2> : null}
      <ul className={styles.list}>
        {sales.map((sale) => (
          <PackageCard key={sale.item.key} sale={sale} />
        ))}
      </ul>
    </section>
  );
}

function Rules({ catalogue }: { catalogue: Catalogue }) {
  const { t } = useTranslation();
  const router = useRouter();
  const free = catalogue.project.free_follow_ups;
  return (
    <footer className={styles.rules}>
      <ul className={styles.how}>
        {free > 0 ? (
          <li>
            <Icon name="spark" size={16} />
            {t('packages.how_follow', { count: free })}
          </li>
        ) : null}
        <li>
          <Icon name="spark" size={16} />
          {t('packages.how_failed')}
        </li>
      </ul>
      <Button look="secondary" wide onClick={() => router.go({ name: 'orders' })}>
        {t('orders.title')}
      </Button>
    </footer>
  );
}
