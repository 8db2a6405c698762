/*
 * What source written for the Windows compilers says beside C and C++: calling conventions, declspecs, annotations. On Linux
 * there is one calling convention, and annotations are for people.
 */
#ifndef EXEUNT_COMPILER_H
#define EXEUNT_COMPILER_H

#if !defined(__linux__)
#error "The headers of sdk/c are for modules compiled on Linux. On Windows use those of the Windows SDK or of mingw-w64."
#endif
#if !defined(__x86_64__) && !defined(__aarch64__)
#error "The headers of sdk/c know 64-bit machines only (x86-64, AArch64)."
#endif
#if __WCHAR_WIDTH__ != 16 && __SIZEOF_WCHAR_T__ != 2
#error "Compile with -fshort-wchar: WCHAR has 16 bits. exeunt-module.mk sets this and the other flags a module needs."
#endif
#if defined(__cplusplus) && __cplusplus <= 201703L && !defined(_GLIBCXX_ASSERTIONS)
#error "Compile with -D_GLIBCXX_ASSERTIONS: without it, std::wstring is the C++ library's own, with 32-bit characters."
#endif

#define __stdcall
#define __cdecl
#define __fastcall
#define __thiscall
#define _stdcall
#define _cdecl
#define WINAPI
#define APIENTRY
#define CALLBACK
#define PASCAL
#define WINAPIV

#define __forceinline inline __attribute__((always_inline))
#ifndef __cplusplus
#define __inline inline
#endif
#define FORCEINLINE static __forceinline
#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long long
#define _W64
#define __unaligned
#define __w64

/* __declspec(dllexport) and its kin. */
#define __declspec(what) EXEUNT_DECLSPEC_##what
#define EXEUNT_DECLSPEC_dllexport __attribute__((visibility("default")))
#define EXEUNT_DECLSPEC_dllimport
#define EXEUNT_DECLSPEC_novtable
#define EXEUNT_DECLSPEC_selectany __attribute__((weak))
#define EXEUNT_DECLSPEC_noinline __attribute__((noinline))
#define EXEUNT_DECLSPEC_noreturn __attribute__((noreturn))
#define EXEUNT_DECLSPEC_nothrow
#define EXEUNT_DECLSPEC_thread __thread
#define EXEUNT_DECLSPEC_deprecated __attribute__((deprecated))
#define EXEUNT_DECLSPEC_uuid(text)
#define EXEUNT_DECLSPEC_align(bytes) __attribute__((aligned(bytes)))
#define DECLSPEC_IMPORT
#define DECLSPEC_NOVTABLE
#define DECLSPEC_SELECTANY __attribute__((weak))
#define DECLSPEC_NORETURN __attribute__((noreturn))
#define DECLSPEC_UUID(text)

#ifdef __cplusplus
#define EXTERN_C extern "C"
#define EXEUNT_BEGIN_C extern "C" {
#define EXEUNT_END_C }
#else
#define EXTERN_C extern
#define EXEUNT_BEGIN_C
#define EXEUNT_END_C
#endif

#ifndef CONST
#define CONST const
#endif
#define IN
#define OUT
#ifndef OPTIONAL
#define OPTIONAL
#endif

/* The source code annotation language, as far as module source uses it. */
#define _In_
#define _In_z_
#define _In_opt_
#define _In_opt_z_
#define _In_reads_(count)
#define _In_reads_opt_(count)
#define _In_reads_bytes_(count)
#define _In_reads_bytes_opt_(count)
#define _Inout_
#define _Inout_opt_
#define _Inout_updates_(count)
#define _Inout_updates_bytes_(count)
#define _Out_
#define _Out_opt_
#define _Out_writes_(count)
#define _Out_writes_opt_(count)
#define _Out_writes_z_(count)
#define _Out_writes_bytes_(count)
#define _Out_writes_bytes_opt_(count)
#define _Out_writes_to_(count, used)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _COM_Outptr_
#define _COM_Outptr_opt_
#define _Deref_out_
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Success_(condition)
#define _Check_return_
#define _Must_inspect_result_
#define _Use_decl_annotations_
#define _Printf_format_string_
#define _Reserved_
#define _Null_terminated_
#define _Frees_ptr_opt_
#define _Post_invalid_
#define _Pre_
#define _Post_
#define _Analysis_assume_(condition)
#define __RPC__in
#define __RPC__in_opt
#define __RPC__in_string
#define __RPC__inout
#define __RPC__out
#define __RPC__deref_out
#define __RPC__deref_out_opt
#define __RPC_FAR
#define __RPC_STUB
#define __RPC_USER
/* __in and __out of the older language are left out: the C++ library uses them as names. */

#endif
