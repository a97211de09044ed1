import { type MessageKey, useTranslation } from '@/i18n';
import { Icon, type IconName } from '@/ui/Icon';
import { useRoute, useRouter } from './router';
import styles from './TabBar.module.css';

const TABS: readonly { name: 'home' | 'history' | 'profile'; icon: IconName; label: MessageKey }[] = [
  { name: 'home', icon: 'spreads', label: 'nav.home' },
  { name: 'history', icon: 'history', label: 'nav.history' },
  { name: 'profile', icon: 'profile', label: 'nav.profile' },
];

export function TabBar() {
  const { t } = useTranslation();
  const route = useRoute();
  const router = useRouter();
  return (
    <nav className={styles.bar} aria-label={t('nav.label')}>
      {TABS.map(({ name, icon, label }) => (
        <button
          key={name}
          type="button"
          className={styles.tab}
          aria-current={route.name === name ? 'page' : undefined}
          onClick={() => {
            // Tabs lie beside each other: from one to the next nothing is stacked but home itself.
            if (route.name !== name) router.go({ name }, { replace: route.name !== 'home' });
          }}
        >
          <Icon name={icon} size={24} />
          {t(label)}
        </button>
      ))}
    </nav>
  );
}
