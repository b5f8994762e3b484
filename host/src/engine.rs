//! The wasm engine: its settings and the clock that lets it interrupt guests.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    RegallocAlgorithm, WasmBacktraceDetails,
};

use crate::config::EngineLimits;
use compile_memory::CompileMemory;

mod compile_memory;

/// How often a running guest can be interrupted, and the unit of its CPU time.
pub const TICK: Duration = Duration::from_millis(10);

/// Core instances in one component: the module, and the shims that
/// `wasm-component-ld` puts around it.
const CORE_INSTANCES_PER_COMPONENT: u32 = 8;
const TABLES_PER_COMPONENT: u32 = 4;
const MEMORIES_PER_COMPONENT: u32 = 2;

/// A stack for the guest, and around it one for the host functions it calls.
const WASM_STACK_BYTES: usize = 256 << 10;
const FIBER_STACK_BYTES: usize = 768 << 10;

/// Compiles components and gives their instances memory; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    table_elements_max: usize,
    remembers: bool,
}

impl Engine {
    /// Makes an engine and starts its clock.
    ///
    /// # Errors
    ///
    /// When the machine can't give the address space that the limits ask for.
    pub fn new(limits: &EngineLimits) -> Result<Self> {
        let inner = wasmtime::Engine::new(&settings(limits)?).map_err(anyhow::Error::from).context(
            "cannot set up the wasm engine; a lower engine.instances_max needs less address space",
        )?;
        start_clock(&inner)?;
        Ok(Self {
            inner,
            table_elements_max: limits.table_elements_max,
            remembers: limits.fast_compilation,
        })
    }

    /// The engine that wasmtime's own functions take.
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner
    }

    /// Whether what it compiles once it compiles faster the next time.
    pub fn remembers(&self) -> bool {
        self.remembers
    }

    /// Elements that one table of a guest may have.
    pub fn table_elements_max(&self) -> usize {
        self.table_elements_max
    }
}

fn settings(limits: &EngineLimits) -> Result<Config> {
    let mut config = Config::new();
    config
        // On by default, it doubles the cost of every crossing (docs/design/execution.md).
        .concurrency_support(false)
        // Epochs cost 3 % of guest work, fuel 28 to 57 %.
        .epoch_interruption(true)
        .memory_init_cow(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        // Reading a component's debug information takes tens of milliseconds at each trap.
        .wasm_backtrace_details(if limits.fast_compilation {
            WasmBacktraceDetails::Enable
        } else {
            WasmBacktraceDetails::Disable
        })
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(limits)));
    if limits.fast_compilation {
        // For a plugin that changes every minute, compiling soon counts for more than running
        // fast: together half the time, and a fifth for a build that changed little.
        config
            .cranelift_opt_level(OptLevel::None)
            .cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass)
            .enable_incremental_compilation(Arc::new(CompileMemory::new()))
            .map_err(anyhow::Error::from)?;
    }
    Ok(config)
}

fn pooling(limits: &EngineLimits) -> PoolingAllocationConfig {
    let instances = limits.instances_max;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES_PER_COMPONENT))
        .total_memories(instances.saturating_mul(MEMORIES_PER_COMPONENT))
        .total_tables(instances.saturating_mul(TABLES_PER_COMPONENT))
        .total_stacks(instances)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_memory_size(limits.memory_bytes_max)
        .table_elements(limits.table_elements_max)
        .max_unused_warm_slots(instances)
        .linear_memory_keep_resident(128 << 10)
        .table_keep_resident(16 << 10)
        // With Linux 6.7's PAGEMAP_SCAN only dirty pages are reset: 2.5 times cheaper.
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Advances the engine's epoch for as long as the engine lives.
fn start_clock(engine: &wasmtime::Engine) -> Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("plinth-epoch".into())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })
        .context("cannot start the thread that interrupts runaway plugins")?;
    Ok(())
}
