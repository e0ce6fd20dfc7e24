import { IconServer2, IconTimeline } from '../icons/icons';
import { NavLink, Outlet, useParams } from 'react-router';
import { applicationUrl, clustersUrl } from '../app/urls';
import { ApiError } from '../api/client';
import { Failed } from '../states/states';
import classes from './ApplicationView.module.css';
import { texts } from './texts';
import { useApplication } from './useApplications';

/** An application's name and owner above its views. */
export function ApplicationView() {
  const { application = '' } = useParams();
  const details = useApplication(application);
  const { email, description } = details.data?.attributes ?? {};
  const unknown = details.error instanceof ApiError && details.error.status === 404;
  return (
    <div className={classes.view}>
      <header className={classes.head}>
        <div className={classes.titles}>
          <h1>{application}</h1>
          <p>{[description, email].filter(Boolean).join(' · ')}</p>
        </div>
        <nav className={classes.tabs} aria-label={texts.views}>
          <NavLink to={applicationUrl(application)} end>
            <IconTimeline size={15} aria-hidden />
            {texts.tabPipelines}
          </NavLink>
          <NavLink to={clustersUrl(application)}>
            <IconServer2 size={15} aria-hidden />
            {texts.tabClusters}
          </NavLink>
        </nav>
      </header>
      {unknown ? <Failed error={details.error!} onRetry={() => void details.refetch()} /> : <Outlet />}
    </div>
  );
}
