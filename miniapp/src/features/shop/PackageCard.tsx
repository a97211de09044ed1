import { useRouter } from '@/app/router';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { classes } from '@/ui/classes';
import { contentsOf, priceBefore, pricesShown, type Sale, termsOf } from './offers';
import { couponRefusal } from './refusals';
import styles from './Shop.module.css';

export function PackageCard({ sale: { item, offer } }: { sale: Sale }) {
  const translation = useTranslation();
  const { t, money } = translation;
  const router = useRouter();
  const terms = termsOf(item, translation).join(' · ');
  const noCoupon = couponRefusal(offer, translation);
  return (
    <li className={styles.package}>
      <div className={styles.top}>
        <h3 id={`package-${item.key}`}>{item.name}</h3>
        {item.badge ? <span className={styles.badge}>{item.badge}</span> : null}
      </div>
      <p className={styles.contents}>{contentsOf(item, translation).join(' + ')}</p>
      {item.description ? <p className={styles.text}>{item.description}</p> : null}
      {terms ? <p className={styles.terms}>{terms}</p> : null}
      {offer.trial && item.trial_days ? (
        <p className={styles.trial}>{t('shop.trial', { time: t('count.days', { count: item.trial_days }) })}</p>
      ) : null}
      {noCoupon ? <p className={styles.terms}>{noCoupon}</p> : null}
      <div className={styles.buy}>
        <div className={styles.prices}>
          {pricesShown(offer.prices).map((price, index) => {
            const before = priceBefore(price);
            return (
              <p key={price.currency} className={classes(styles.price, index > 0 && styles.other)}>
                {before ? (
                  <s className={styles.regular}>
                    <span className="visually-hidden">{t('packages.was')} </span>
                    {money(before, price.currency)}
                  </s>
                ) : null}
                <span>{money(price.total, price.currency)}</span>
              </p>
            );
          })}
        </div>
        <Button
          small
          id={`buy-${item.key}`}
          aria-labelledby={`buy-${item.key} package-${item.key}`}
          onClick={() => router.go({ name: 'checkout', key: item.key })}
        >
          {t(offer.trial ? 'shop.try' : 'shop.buy')}
        </Button>
      </div>
    </li>
  );
}
