import { Link, useRouteError } from 'react-router';
import { Empty, Failed } from '../states/states';
import { texts } from './texts';

export function NotFound() {
  return (
    <main style={{ padding: 24 }}>
      <Empty title={texts.notFound}>
        <Link to="/">{texts.notFoundNext}</Link>
      </Empty>
    </main>
  );
}

/** A fault in the page itself: say it, offer a fresh start. */
export function Broken() {
  const error = useRouteError();
  return (
    <main style={{ padding: 24 }}>
      <Failed
        title={texts.broken}
        error={error instanceof Error ? error : new Error(String(error))}
        onRetry={() => window.location.reload()}
      />
    </main>
  );
}
