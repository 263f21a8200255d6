@echo off
rem What the guest runs, from the payload disk (see docs/vm.md). Results go to results.tap beside it and to COM1; the file
rem "done" comes last. Then Windows shuts down.
setlocal
cd /d "%~dp0"
set RESULTS=%~dp0results.tap
echo # winsock-lsp: %COMPUTERNAME% > COM1
ver > "%~dp0system.txt"

set MSIEXEC=
if not exist openvpn.msi goto package
start /wait "" msiexec /i "%~dp0openvpn.msi" /qn /norestart
set MSIEXEC=--msiexec %ERRORLEVEL%

:package

rem The package, as its users get it, in a folder of its own on the system disk.
set WORK=%SystemDrive%\winsock-lsp-test
rmdir /s /q "%WORK%" 2>nul
mkdir "%WORK%"
if not exist node.exe goto selftest
node.exe unpack.mjs winsock-lsp.tgz "%WORK%"
if errorlevel 1 goto failed
node.exe windows_suite.mjs --package "%WORK%\package" --selftest "%~dp0lsp-selftest.exe" %MSIEXEC% --com COM1 > "%RESULTS%" 2> "%~dp0errors.txt"
goto done

:selftest
rem No node.exe: the native suite alone, which has to be told the addresses.
if not exist addresses.txt goto failed
set /p ADDRESSES=<addresses.txt
lsp-selftest.exe %ADDRESSES% --com COM1 > "%RESULTS%" 2> "%~dp0errors.txt"
goto done

:failed
echo not ok 1 - the payload could not be run > "%RESULTS%"
echo 1..1 >> "%RESULTS%"

:done
echo done > "%~dp0done"
shutdown /s /f /t 0
