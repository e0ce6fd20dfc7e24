import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconChevronRight, IconMoon, IconSun } from '../icons/icons';
import { Link, Outlet, useParams } from 'react-router';
import { LiveIndicator } from '../live/LiveIndicator';
import { LiveProvider } from '../live/LiveProvider';
import classes from './Shell.module.css';
import { texts } from './texts';
import { applicationUrl } from './urls';

/** The bar above every view: where you are, whether it is live, light or dark. */
export function Shell() {
  const { application } = useParams();
  return (
    <LiveProvider application={application}>
      <a href="#content" className={classes.skip}>
        {texts.skip}
      </a>
      <header className={classes.bar}>
        <Link to="/" className={classes.brand}>
          <Sail />
          {texts.product}
        </Link>
        <nav aria-label={texts.breadcrumbs} className={classes.crumbs}>
          <Link to="/">{texts.applications}</Link>
          {application && (
            <>
              <IconChevronRight size={13} aria-hidden />
              <Link to={applicationUrl(application)} className={classes.here}>
                {application}
              </Link>
            </>
          )}
        </nav>
        <div className={classes.right}>
          <LiveIndicator />
          <SchemeSwitch />
        </div>
      </header>
      <main id="content" className={classes.main}>
        <Outlet />
      </main>
    </LiveProvider>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon
      variant="transparent"
      className={classes.scheme}
      aria-label={other === 'dark' ? texts.toDark : texts.toLight}
      onClick={() => setColorScheme(other)}
    >
      {other === 'dark' ? <IconMoon size={16} /> : <IconSun size={16} />}
    </ActionIcon>
  );
}

function Sail() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden>
      <path d="M10 25C11 15 15 8 24 4c2 8 1 15-3 21z" fill="#5cd0c8" />
      <path d="M9 25C9 17 10 11 13 6c-5 5-8 12-8 19z" fill="#fff" opacity=".85" />
      <path d="M4 28h23" stroke="#fff" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
