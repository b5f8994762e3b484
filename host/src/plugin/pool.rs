//! The instances of a plugin: how many, how long they live, who waits.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime::component::{HasSelf, Linker};

use super::compiled::Compiled;
use super::contract;
use super::instance::Instance;
use super::outcome::CallError;
use super::reply::{Replies, Reply};
use crate::bindings::exports::plinth::host::handler::Description;
use crate::bindings::{Plugin as Exports, PluginPre};
use crate::capability::request::Request;
use crate::config::{InstancePolicy, PluginConfig, PluginLimits};
use crate::engine::Engine;
use crate::state::{Granted, State};
use crate::wasi;

/// How long loading demonstration data may take.
const SEED_TIMEOUT: Duration = Duration::from_secs(60);

/// How many instances a plugin has, and what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceCounts {
    /// Those that serve a request.
    pub busy: usize,
    /// Those that wait for one.
    pub idle: usize,
    /// The most that serve at once.
    pub max: usize,
    /// Requests that wait for an instance.
    pub waiting: usize,
}

/// The instances of one version of a plugin.
pub(super) struct InstancePool {
    pre: PluginPre<State>,
    granted: Arc<Granted>,
    policy: InstancePolicy,
    limits: PluginLimits,
    table_elements_max: usize,
    idle: Mutex<Vec<Instance>>,
    permits: Semaphore,
    waiting: AtomicUsize,
    replies: Replies,
}

impl InstancePool {
    pub(super) fn new(
        engine: &Engine,
        compiled: &Compiled,
        config: &PluginConfig,
        granted: Arc<Granted>,
    ) -> Result<Self> {
        contract::check(compiled.component(), engine.wasmtime())?;
        let mut linker = Linker::<State>::new(engine.wasmtime());
        Exports::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)
            .map_err(anyhow::Error::from)?;
        wasi::add_to_linker(&mut linker, compiled.component())?;
        let pre = linker
            .instantiate_pre(compiled.component())
            .map_err(anyhow::Error::from)
            .context("it imports what this host does not offer")?;
        Ok(Self {
            pre: PluginPre::new(pre).map_err(anyhow::Error::from)?,
            replies: Replies::new(Arc::clone(&granted), &config.limits),
            granted,
            policy: config.instances,
            limits: config.limits.clone(),
            table_elements_max: engine.table_elements_max(),
            idle: Mutex::new(Vec::new()),
            permits: Semaphore::new(config.limits.instances_max),
            waiting: AtomicUsize::new(0),
        })
    }

    pub(super) async fn handle(
        &self,
        route: u32,
        parameters: &[String],
        query: &str,
        request: Request,
    ) -> Result<Reply, CallError> {
        let answered = self.answer(route, parameters, query, request).await;
        if let Some(failure) = answered.as_ref().err().and_then(CallError::kind) {
            self.granted.metrics.failed(failure);
        }
        answered
    }

    async fn answer(
        &self,
        route: u32,
        parameters: &[String],
        query: &str,
        request: Request,
    ) -> Result<Reply, CallError> {
        let permit = self.permit().await?;
        let tally = Arc::clone(&request.tally);
        let deadline = Instant::now() + Duration::from_millis(self.limits.wall_ms_max);
        let reply = timeout_at(deadline, async {
            let mut instance = self.take().await?;
            let reply = instance.handle(route, parameters, query, request).await?;
            self.put_back(instance);
            Ok(reply)
        })
        .await
        .unwrap_or(Err(CallError::WallTime))?;
        drop(permit);
        self.replies.complete(reply, &tally, deadline).await
    }

    pub(super) fn limits(&self) -> &PluginLimits {
        &self.limits
    }

    pub(super) fn counts(&self) -> InstanceCounts {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.permits.available_permits();
        InstanceCounts {
            busy: self.limits.instances_max.saturating_sub(free),
            idle: idle.len(),
            max: self.limits.instances_max,
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }

    pub(super) async fn describe(&self) -> Result<Description, CallError> {
        let limit = Duration::from_millis(self.limits.wall_ms_max);
        // Nothing of the world is known to it then: no role was looked at yet.
        let granted = Arc::new(Granted {
            databases: HashMap::new(),
            ..Granted::clone(&self.granted)
        });
        within(limit, async {
            let (limits, tables) = (&self.limits, self.table_elements_max);
            let mut instance = Instance::new(&self.pre, granted, limits, tables).await?;
            instance.describe().await
        })
        .await
    }

    pub(super) async fn seed(&self) -> Result<Result<(), String>, CallError> {
        within(SEED_TIMEOUT, async { self.take().await?.seed().await }).await
    }

    /// Waits for a place, unless too many wait already.
    async fn permit(&self) -> Result<SemaphorePermit<'_>, CallError> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let _place = Place::take(&self.waiting, self.limits.queue_max).ok_or(CallError::Busy)?;
        let limit = Duration::from_millis(self.limits.queue_timeout_ms);
        match timeout(limit, self.permits.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(CallError::Busy),
        }
    }

    async fn take(&self) -> Result<Instance, CallError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        match idle {
            Some(instance) => Ok(instance),
            None => {
                let granted = Arc::clone(&self.granted);
                let instance =
                    Instance::new(&self.pre, granted, &self.limits, self.table_elements_max)
                        .await?;
                self.granted.metrics.instances_created.increment();
                Ok(instance)
            }
        }
    }

    /// Keeps an instance for the next request, if it may serve one. An instance
    /// whose call failed or was given up never comes here.
    fn put_back(&self, instance: Instance) {
        if self.policy == InstancePolicy::Reuse && instance.is_reusable(&self.limits) {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(instance);
        }
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    timeout(limit, call)
        .await
        .unwrap_or(Err(CallError::WallTime))
}

/// A place in the queue, given up when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, max: usize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < max).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
