import { useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { ApiError, SessionEnded } from '@/api/errors';
import { useCatalogue, useMe } from '@/api/queries';
import { ConsentScreen } from '@/features/consent/ConsentScreen';
import { giftArrivals, onGiftArrival } from '@/features/gift/code';
import { Home } from '@/features/home/Home';
import { SpreadScreen } from '@/features/spread/SpreadScreen';
import { chooseLanguage, createTranslation, TranslationContext, useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Pattern } from '@/ui/Pattern';
import { Screen } from '@/ui/Screen';
import { ErrorState, OfflineBanner, Skeleton, State } from '@/ui/State';
import { projectName } from './project';
import { usePlatformBack } from './back';
import { EndScreen } from './EndScreen';
import { useRoute, useRouter } from './router';
import type { Route } from './routes';
import { useServices } from './services';
import { TabBar } from './TabBar';
import { useTheme } from './useTheme';
import { useZone } from './useZone';

// Fetched when the first screen stands (`prefetch`), so that a tap seldom waits for one.
const load = {
  question: () => import('@/features/spread/QuestionScreen'),
  reading: () => import('@/features/reading/ReadingScreen'),
  history: () => import('@/features/history/History'),
  profile: () => import('@/features/profile/Profile'),
  shop: () => import('@/features/shop/Shop'),
  checkout: () => import('@/features/shop/CheckoutScreen'),
  order: () => import('@/features/purchases/OrderScreen'),
  orders: () => import('@/features/purchases/Purchases'),
  subscription: () => import('@/features/subscription/SubscriptionScreen'),
  gift: () => import('@/features/gift/GiftScreen'),
  proof: () => import('@/features/proof/ProofScreen'),
  inbox: () => import('@/features/notifications/Inbox'),
  request: () => import('@/features/leads/LeadScreen'),
};
const QuestionScreen = lazy(load.question);
const ReadingScreen = lazy(load.reading);
const History = lazy(load.history);
const Profile = lazy(load.profile);
const Shop = lazy(load.shop);
const CheckoutScreen = lazy(load.checkout);
const OrderScreen = lazy(load.order);
const Purchases = lazy(load.orders);
const SubscriptionScreen = lazy(load.subscription);
const GiftScreen = lazy(load.gift);
const ProofScreen = lazy(load.proof);
const Inbox = lazy(load.inbox);
const LeadScreen = lazy(load.request);

/** One after another, so that they never stand in the way of what the person does. */
async function prefetch(): Promise<void> {
  try {
    for (const one of Object.values(load)) await one();
  } catch {
    // Offline: each is fetched when it is needed.
  }
}

export function App() {
  const { project, platform } = useServices();
  const end = useSessionEnd();
  const me = useMe();
  useZone(me.data);
  const language = chooseLanguage(project.languages, me.data?.user.language, platform.languageCode);
  const address = me.data?.user.consented_at ? me.data.user.address : 'formal';
  const translation = useMemo(() => createTranslation(language, address), [language, address]);

  useEffect(() => {
    document.documentElement.lang = translation.language;
  }, [translation.language]);

  return (
    <TranslationContext value={translation}>
      <Pattern />
      <OfflineBanner />
      <Shell end={end} />
    </TranslationContext>
  );
}

function useSessionEnd(): SessionEnded | null {
  const { session } = useServices();
  return useSyncExternalStore(session.subscribe, session.getEnd);
}

function Shell({ end }: { end: SessionEnded | null }) {
  const { session } = useServices();
  const client = useQueryClient();
  const route = useRoute();
  const me = useMe();
  const catalogue = useCatalogue({ fast: route.name === 'packages' || route.name === 'checkout' });
  const [looking, setLooking] = useState(false);
  const ready = me.isSuccess;
  useEffect(() => {
    if (ready) void prefetch();
  }, [ready]);
  useTheme(catalogue.data?.project.theme);
  usePlatformBack();

  if (end) {
    return (
      <EndScreen
        end={end}
        onSignIn={() => {
          session.reopen();
          client.clear();
          void me.refetch();
        }}
      />
    );
  }
  if (catalogue.error instanceof ApiError && catalogue.error.status === 404 && !catalogue.isFetching) return <NoProject />;
  if (me.isPending) return <Opening />;
  if (!me.data) {
    return (
      <Standalone>
        <ErrorState error={me.error} onRetry={() => void me.refetch()} />
      </Standalone>
    );
  }
  // Looking around is free; the first question is not without consent (the question screen asks again).
  const newcomer = me.data.user.consented_at === null && route.name === 'home' && !looking;
  if (newcomer) return <ConsentScreen onSkip={() => setLooking(true)} />;
  const tabbed = route.name === 'home' || route.name === 'history' || route.name === 'profile';
  return (
    <>
      <Suspense fallback={<Opening />}>
        <Place route={route} />
      </Suspense>
      {tabbed ? <TabBar /> : null}
    </>
  );
}

function Place({ route }: { route: Route }) {
  const gifts = useSyncExternalStore(onGiftArrival, giftArrivals);
  switch (route.name) {
    case 'home':
      return <Home />;
    case 'spread':
      return <SpreadScreen key={route.key} spreadKey={route.key} />;
    case 'question':
      return <QuestionScreen key={route.key} spreadKey={route.key} />;
    case 'reading':
      return <ReadingScreen key={route.id} id={route.id} />;
    case 'proof':
      return <ProofScreen key={route.id} id={route.id} />;
    case 'history':
      return <History />;
    case 'profile':
      return <Profile />;
    case 'packages':
      return <Shop />;
    case 'checkout':
      return <CheckoutScreen key={route.key} packageKey={route.key} />;
    case 'orders':
      return <Purchases />;
    case 'order':
      return <OrderScreen key={route.id} id={route.id} />;
    case 'subscription':
      return <SubscriptionScreen />;
    case 'gift':
      return <GiftScreen key={gifts} />;
    case 'inbox':
      return <Inbox />;
    case 'request':
      return <LeadScreen />;
    case 'unknown':
      return <NoPage />;
  }
}

function Standalone({ children }: { children: ReactNode }) {
  const { project } = useServices();
  const { language } = useTranslation();
  return (
    <Screen title={projectName(project, language)} bare>
      {children}
    </Screen>
  );
}

function Opening() {
  const { t } = useTranslation();
  return (
    <Standalone>
      <div role="status" aria-label={t('app.loading')} style={{ display: 'grid', gap: 14, paddingTop: 40 }}>
        <Skeleton height={84} width="72%" />
        <Skeleton height={200} />
        <Skeleton height={128} />
      </div>
    </Standalone>
  );
}

function NoProject() {
  const { t } = useTranslation();
  return (
    <Standalone>
      <State icon="moon" title={t('error.unknown_title')} text={t('error.unknown')} />
    </Standalone>
  );
}

function NoPage() {
  const { t } = useTranslation();
  const router = useRouter();
  return (
    <Standalone>
      <State icon="moon" title={t('error.not_found_title')} text={t('error.not_found')}>
        <Button look="secondary" onClick={() => router.go({ name: 'home' }, { replace: true })}>
          {t('action.home')}
        </Button>
      </State>
    </Standalone>
  );
}
