//! One instance of a plugin: a store with the guest in it.

use std::sync::Arc;

use wasmtime::Store;

use super::limits::{CpuClock, MemoryLimit, on_tick};
use super::outcome::CallError;
use crate::bindings::exports::plinth::host::handler::{Description, Reply};
use crate::bindings::{Plugin as Exports, PluginPre};
use crate::capability::request::Request;
use crate::config::PluginLimits;
use crate::state::{Granted, State};
use crate::wasi::Stderr;

/// A guest in its store. It serves one request at a time.
pub(super) struct Instance {
    store: Store<State>,
    exports: Exports,
    served: u32,
}

impl Instance {
    pub(super) async fn new(
        pre: &PluginPre<State>,
        granted: Arc<Granted>,
        limits: &PluginLimits,
        table_elements_max: usize,
    ) -> Result<Self, CallError> {
        let memory = MemoryLimit::new(limits, table_elements_max);
        let state = State::new(granted, memory, CpuClock::new(limits));
        let mut store = Store::new(pre.engine(), state);
        store.limiter(|state| &mut state.memory);
        // What a call copies out of the guest can't be more than the guest has.
        store.set_hostcall_fuel(limits.memory_bytes_max);
        store.epoch_deadline_callback(on_tick);
        store.set_epoch_deadline(1);
        match pre.instantiate_async(&mut store).await {
            Ok(exports) => Ok(Self {
                store,
                exports,
                served: 0,
            }),
            Err(error) => Err(CallError::of(&error, &store)),
        }
    }

    pub(super) async fn handle(
        &mut self,
        route: u32,
        parameters: &[String],
        query: &str,
        request: Request,
    ) -> Result<Reply, CallError> {
        self.begin();
        self.store.data_mut().request.begin(request);
        let handler = self.exports.plinth_host_handler();
        let outcome = handler
            .call_handle(&mut self.store, route, parameters, query)
            .await;
        let outcome = self.end(outcome);
        self.store.data_mut().request.end();
        outcome
    }

    pub(super) async fn describe(&mut self) -> Result<Description, CallError> {
        self.begin();
        let outcome = self
            .exports
            .plinth_host_handler()
            .call_describe(&mut self.store)
            .await;
        self.end(outcome)
    }

    pub(super) async fn seed(&mut self) -> Result<Result<(), String>, CallError> {
        self.begin();
        let outcome = self
            .exports
            .plinth_host_handler()
            .call_seed(&mut self.store)
            .await;
        self.end(outcome)
    }

    /// Whether it may serve another request.
    pub(super) fn is_reusable(&self, limits: &PluginLimits) -> bool {
        let state = self.store.data();
        self.served < limits.requests_per_instance_max
            && state.memory.used_bytes() <= limits.memory_reuse_bytes_max
            && !state.memory.was_refused()
            // A handle left behind is a transaction left open.
            && state.resources.is_empty()
    }

    fn begin(&mut self) {
        self.served += 1;
        let state = self.store.data_mut();
        state.cpu.restart();
        // What one request printed is not told of the next.
        state.stderr = Stderr::default();
        self.store.set_epoch_deadline(1);
    }

    fn end<T>(&mut self, outcome: wasmtime::Result<T>) -> Result<T, CallError> {
        outcome.map_err(|error| CallError::of(&error, &self.store))
    }
}
